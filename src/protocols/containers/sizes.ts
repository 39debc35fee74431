import type { Resources } from './model.js';

/** Swap without bound, as people write it. */
export const UNLIMITED = '-1';

/** Bytes; absent: unlimited. Swap includes memory. */
export interface ByteLimits {
  readonly memory?: number;
  readonly memoryReservation?: number;
  readonly memorySwap?: number;
}

const SIZE = /^(\d+(?:\.\d+)*) ?([kKmMgG])$/;
const BYTES_OF: Readonly<Record<string, number>> = { k: 1_024, m: 1_024 ** 2, g: 1_024 ** 3 };

/** Bytes of `200M`, `1.5 g`: the unit is a must, one blank before it is not; `undefined` if it is none (§A.3). */
export function sizeToBytes(text: string): number | undefined {
  const size = parse(text);
  return size && Math.trunc(size.bytes);
}

/** Twice as much in the same unit, to four decimals: swap where nothing is said of it (CTR-5). */
function doubledSize(text: string): string | undefined {
  const size = parse(text);
  return size && `${Math.round(size.number * 2 * 10_000) / 10_000}${size.unit}`;
}

/** What an engine is to enforce. What is no size, or is none of anything, is no limit. */
export function limitsOf({ memory, memoryReservation, memorySwap }: Resources): ByteLimits {
  const limit = (name: keyof ByteLimits, text: string) => {
    const bytes = sizeToBytes(text);
    return bytes === undefined || bytes === 0 ? {} : { [name]: bytes };
  };
  return {
    ...limit('memory', memory),
    ...limit('memoryReservation', memoryReservation),
    ...limit('memorySwap', memorySwap),
  };
}

/** What is stored of the resources of a new container: swap is twice the memory unless said, unlimited is empty (CTR-5). */
export function withSwap(resources: Resources): Resources {
  const { memory, memorySwap } = resources;
  if (memorySwap === UNLIMITED) return { ...resources, memorySwap: '' };
  if (memory === '' || memorySwap !== '') return resources;
  return { ...resources, memorySwap: doubledSize(memory) ?? '' };
}

function parse(text: string): { number: number; unit: string; bytes: number } | undefined {
  const [, digits = '', unit = ''] = SIZE.exec(text) ?? [];
  const number = digits === '' ? Number.NaN : Number(digits);
  const bytes = number * (BYTES_OF[unit.toLowerCase()] ?? Number.NaN);
  // Engines count in integers; swap may be twice as much.
  return bytes <= Number.MAX_SAFE_INTEGER / 2 ? { number, unit, bytes } : undefined;
}

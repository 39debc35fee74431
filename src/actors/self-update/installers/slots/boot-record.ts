import { Type } from '@sinclair/typebox';

// What a boot loader keeps in its variables: which slot is next, and how often each may still be tried. All pure.

/** The slots of a vehicle whose images are files. */
export const SLOTS = ['a', 'b'] as const;
export type SlotName = (typeof SLOTS)[number];

const SLOT = Type.Object({
  /** It ran once for long enough. */
  isGood: Type.Boolean(),
  /** Starts that are left until it is given up. */
  attempts: Type.Integer({ minimum: 0 }),
});

export const BOOT_RECORD = Type.Object({
  /** What is started next. */
  primary: Type.Union([Type.Literal('a'), Type.Literal('b')]),
  slots: Type.Object({ a: SLOT, b: SLOT }),
  /** Starts so far: stands for the boot id of a device (SUA-53). */
  boots: Type.Integer({ minimum: 0 }),
});

export type BootRecord = typeof BOOT_RECORD.static;
type SlotRecord = BootRecord['slots']['a'];

export const ATTEMPTS = 3;

export const FACTORY_RECORD: BootRecord = {
  primary: 'a',
  slots: { a: { isGood: true, attempts: ATTEMPTS }, b: { isGood: false, attempts: 0 } },
  boots: 0,
};

export const otherThan = (slot: SlotName): SlotName => (slot === 'a' ? 'b' : 'a');

/**
 * A start: counts an attempt of the primary slot, or falls back to the other one if it has none left and the other one
 * is good. If neither is any better, the primary one goes on: a vehicle that does not start helps nobody.
 */
export function booted(record: BootRecord): {
  readonly record: BootRecord;
  readonly slot: SlotName;
  readonly hasFallenBack: boolean;
} {
  const { primary, slots } = record;
  const spare = otherThan(primary);
  const hasFallenBack = slots[primary].attempts === 0 && slots[spare].isGood && slots[spare].attempts > 0;
  const slot = hasFallenBack ? spare : primary;
  const attempts = Math.max(0, slots[slot].attempts - 1);
  const next = withSlot({ ...record, primary: slot, boots: record.boots + 1 }, slot, { attempts });
  return { record: next, slot, hasFallenBack };
}

/** The slot is started next, with all attempts. */
export const activated = (record: BootRecord, slot: SlotName): BootRecord =>
  withSlot({ ...record, primary: slot }, slot, { attempts: ATTEMPTS });

/** The slot has run for long enough. */
export const confirmed = (record: BootRecord, slot: SlotName): BootRecord =>
  withSlot(record, slot, { isGood: true, attempts: ATTEMPTS });

/** The slot is not to be started: its image is being replaced, or somebody says so. */
export const condemned = (record: BootRecord, slot: SlotName): BootRecord =>
  withSlot(record, slot, { isGood: false, attempts: 0 });

/** The slot was stopped orderly before it was confirmed, which is no failed attempt. */
export const returned = (record: BootRecord, slot: SlotName): BootRecord =>
  withSlot(record, slot, { attempts: Math.min(ATTEMPTS, record.slots[slot].attempts + 1) });

const withSlot = (record: BootRecord, slot: SlotName, change: Partial<SlotRecord>): BootRecord => ({
  ...record,
  slots: { ...record.slots, [slot]: { ...record.slots[slot], ...change } },
});

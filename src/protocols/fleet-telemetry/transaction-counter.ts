/** Of a transaction id in the form that vehicles use (FT-CLI-2). */
export interface TransactionCounter {
  /** The part before the dash: 22 hexadecimal digits that stay while the vehicle counts on. */
  readonly prefix: string;
  readonly count: number;
}

const PREFIX_LENGTH = 22;
const LENGTH = PREFIX_LENGTH + 10;
/** After the largest number of nine digits. */
const MODULUS = 1e9;

/** `78ae54a58800468194dc95-000000397` as its parts; undefined for ids of any other form. */
export function transactionCounter(txid: string): TransactionCounter | undefined {
  if (txid.length !== LENGTH || txid.charCodeAt(PREFIX_LENGTH) !== 45) return undefined;
  let count = 0;
  for (let index = PREFIX_LENGTH + 1; index < LENGTH; index++) {
    const digit = txid.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) return undefined;
    count = count * 10 + digit;
  }
  for (let index = 0; index < PREFIX_LENGTH; index++) if (!isHexDigit(txid.charCodeAt(index))) return undefined;
  return { prefix: txid.slice(0, PREFIX_LENGTH), count };
}

const isHexDigit = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70);

/** How far `later` stands after `earlier`; negative if it stands before. The counter begins anew after its largest number. */
export function counterDistance(earlier: number, later: number): number {
  const distance = later - earlier;
  if (distance > MODULUS / 2) return distance - MODULUS;
  return distance < -MODULUS / 2 ? distance + MODULUS : distance;
}

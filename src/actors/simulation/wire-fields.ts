/** A field of a protobuf message as it lies in the bytes: `start` to `end` is its content. */
export interface WireField {
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;

/**
 * Where the fields of a message lie. Only for bytes that this program has encoded itself a moment before: what is
 * malformed throws.
 */
export function wireFields(bytes: Uint8Array, start: number, end: number): WireField[] {
  const fields: WireField[] = [];
  let at = start;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || at > end) throw new RangeError('the message ends within a number');
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < end) {
    const tag = varint();
    const wireType = tag & 7;
    if (wireType === BYTES) {
      const length = varint();
      fields.push({ number: tag >>> 3, start: at, end: at + length });
      at += length;
    } else {
      const from = at;
      if (wireType === VARINT) varint();
      else at += wireType === FIXED64 ? 8 : 4;
      fields.push({ number: tag >>> 3, start: from, end: at });
    }
  }
  return fields;
}

/** The field of that number; it must be there. */
export function wireField(bytes: Uint8Array, within: Pick<WireField, 'start' | 'end'>, number: number): WireField {
  const found = wireFields(bytes, within.start, within.end).find((field) => field.number === number);
  if (!found) throw new RangeError(`there is no field ${number}`);
  return found;
}

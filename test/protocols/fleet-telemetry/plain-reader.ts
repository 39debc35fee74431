// A second reader of the envelope to compare with: as plain as the format, slow, and safe because DataView throws.

const ENVELOPE_VECTORS = { txid: 0, topic: 1, messageId: 4 };
const STREAM_VECTORS = { senderId: 1, payload: 2, deviceType: 3, deviceId: 4 };

/** What a message says, vectors as hex; undefined if any access is out of range. */
export function readPlainly(message: Uint8Array): Record<string, unknown> | undefined {
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const empty = { kind: 'empty', messageType: 0, txid: '', topic: '', messageId: '' };
  try {
    if (message.length === 0) return empty;
    const root = view.getUint32(0, true);
    const union = field(view, root, 3);
    if (union === undefined) return empty;
    const table = union + view.getUint32(union, true);
    const type = field(view, root, 2);
    const messageType = type === undefined ? 0 : view.getUint8(type);
    const envelope = { messageType, ...vectors(view, root, ENVELOPE_VECTORS) };
    if (messageType !== 4) return { kind: 'other', ...envelope };
    const created = field(view, table, 0);
    const createdAt = created === undefined ? 0 : view.getUint32(created, true);
    const delivered = field(view, table, 5);
    const deliveredAtMs = delivered === undefined ? 0 : Number(view.getBigUint64(delivered, true));
    return { kind: 'stream', ...envelope, createdAt, deliveredAtMs, ...vectors(view, table, STREAM_VECTORS) };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function field(view: DataView, table: number, slot: number): number | undefined {
  const vtable = table - view.getInt32(table, true);
  const at = 4 + 2 * slot;
  const offset = at < view.getUint16(vtable, true) ? view.getUint16(vtable + at, true) : 0;
  return offset === 0 ? undefined : table + offset;
}

function vectors(view: DataView, table: number, slots: Record<string, number>): Record<string, string> {
  const entries = Object.entries(slots).map(([name, slot]) => {
    const at = field(view, table, slot);
    if (at === undefined) return [name, ''];
    const start = at + view.getUint32(at, true) + 4;
    const bytes = new Uint8Array(view.buffer, view.byteOffset + start, view.getUint32(start - 4, true));
    if (start + bytes.length > view.byteLength) throw new RangeError('vector beyond the message');
    return [name, Buffer.from(bytes).toString('hex')];
  });
  return Object.fromEntries(entries);
}

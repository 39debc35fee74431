import { Packr } from 'msgpackr';
import type { GroupCommit } from './group-commit.js';

const STRUCTURES_ROW = 'structures';
const SHARED_STRUCTURES = 1_024;

/**
 * msgpack with shared record structures (DUR-3): four times smaller than JSON and twice as fast to read. The
 * structures are a row of the batch that first uses them, so that a new shape never costs a flush of its own.
 */
export class RecordCodec {
  private readonly packr: Packr;

  constructor(commit: GroupCommit) {
    const plain = new Packr({ useRecords: false });
    this.packr = new Packr({
      useRecords: true,
      maxSharedStructures: SHARED_STRUCTURES,
      getStructures: () => {
        const row = commit.get('meta', STRUCTURES_ROW);
        return row ? (plain.unpack(row) as never) : [];
      },
      saveStructures: (structures) => {
        commit.put('meta', STRUCTURES_ROW, Buffer.from(plain.pack(structures)));
      },
    });
  }

  encode(value: unknown): Buffer {
    return this.packr.pack(value);
  }

  /** Throws on bytes that are no record. */
  decode(bytes: Buffer): unknown {
    return this.packr.unpack(bytes);
  }
}

import type { Clock } from '../clock.js';
import type { StorageError } from '../errors.js';
import { Tables } from '../table/tables.js';
import { DeadLetters } from './dead-letters.js';
import { GroupCommit } from './group-commit.js';
import { ParkedActors } from './parked.js';
import { RecordCodec } from './record-codec.js';
import { RowSequence } from './row-sequence.js';
import { SnapshotStore } from './snapshot-store.js';
import { lockStore } from './store-lock.js';
import { StoredInbox } from './stored-inbox.js';
import { Summaries } from './summaries.js';
import { type UnreadableRow, UnreadableRows } from './unreadable-rows.js';

/** All that the runtime keeps on disk, over one group commit. */
export interface Storage {
  readonly commit: GroupCommit;
  readonly codec: RecordCodec;
  readonly sequence: RowSequence;
  readonly snapshots: SnapshotStore;
  readonly inbox: StoredInbox;
  readonly deadLetters: DeadLetters;
  readonly summaries: Summaries;
  readonly parked: ParkedActors;
  readonly tables: Tables;
  readonly unreadable: UnreadableRows;
  /** Writes what is left, and gives the folder back. */
  close(): Promise<void>;
}

export interface StorageOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly quotaBytes?: number | undefined;
  readonly onDegraded: (error: StorageError | undefined) => void;
  readonly onUnreadable: (row: UnreadableRow) => void;
}

export function openStorage({ directory, clock, quotaBytes, onDegraded, onUnreadable }: StorageOptions): Storage {
  const unlock = lockStore(directory);
  const quota = quotaBytes === undefined ? {} : { quotaBytes };
  const commit = new GroupCommit({ directory, clock, onDegraded, ...quota });
  const unreadable = new UnreadableRows(onUnreadable);
  const codec = new RecordCodec(commit, unreadable);
  const sequence = new RowSequence(commit);
  const tables = new Tables({ commit, codec, unreadable, clock });
  return {
    commit,
    codec,
    sequence,
    snapshots: new SnapshotStore(commit, codec, unreadable),
    inbox: new StoredInbox(commit, codec, sequence),
    deadLetters: new DeadLetters(tables, codec, sequence, clock),
    summaries: new Summaries(commit, codec, unreadable),
    parked: new ParkedActors(commit, codec, unreadable),
    tables,
    unreadable,
    close: async () => {
      await commit.close();
      unlock();
    },
  };
}

/**
 * The end of a slice. All that it changed, sent and consumed is encoded first, which can fail, and then handed to the
 * group commit at once, which cannot: it is written as a whole or not at all (CE-1).
 */
import type { EventObject } from 'xstate';
import type { Address } from '../address.js';
import type { EncodedRecord, MachineSnapshot } from './actor-history.js';
import type { CellParts } from './cell-host.js';
import { releaseHot, releaseSlice, type Slice } from './slice.js';

/** How an actor's life ends with a slice: its chart is at its end, its record erased or kept, or it was told to stop. */
export type End = 'done' | 'kept' | 'stopped';

export interface SliceCommit {
  readonly end: End | undefined;
  write(): void;
  /** Hands on what waited for the commit. */
  release(): void;
}

/** Encodes and routes all that is to be written; throws if something of it cannot be stored. */
export function prepareCommit(parts: CellParts, slice: Slice): SliceCommit {
  const { address, type, host, queue, history, presence } = parts;
  const { took, outputs, notices, hotResults } = slice;
  const { snapshot } = presence;
  const end = endOf(parts, slice, snapshot);
  if (end && end !== 'stopped' && history.startedBy) {
    slice.notify(history.startedBy, doneEvent(address, snapshot?.output));
  }
  if (took.length > 0) slice.phase = 'commit';
  const isWritten = type.stored && presence.isChanged && (end === undefined || end === 'kept');
  const record = isWritten ? nextRecord(parts) : undefined;
  const routed = host.route(parts, notices.length > 0 ? [...outputs, ...notices] : outputs);
  const deferred = queue.storeDeferred();
  return {
    end,
    write: () => {
      if (record) writeRecord(parts, record);
      else if (!type.stored) noteTime(parts);
      presence.committed = snapshot;
      presence.isRecordStale = false;
      host.tapped(address)?.committed(address, outputs, snapshot?.value);
      routed.write();
      for (const message of took) queue.consume(message);
      queue.deferred = deferred();
    },
    release: () => {
      releaseSlice(parts, host, slice, routed);
      if (type.hot && hotResults.length > 0) releaseHot(address, host, type.hot, hotResults);
    },
  };
}

/** Writes hot state that no turn has stored since it changed (RT-6). */
export function storeHot(parts: CellParts): void {
  const { type, presence } = parts;
  if (!type.hot?.stored || presence.hotState === undefined) return;
  const record = nextRecord(parts);
  if (record) writeRecord(parts, record);
}

/** The actor's life is over: its record goes, or stays to be read. What it has put off waits for what comes after it. */
export function endLife({ address, type, host, queue, history, presence }: CellParts, end: End): void {
  presence.drop();
  if (type.stored && end !== 'kept') {
    host.records.erase(address, history.wakeAt);
    history.erased();
  }
  const { deferred } = queue;
  queue.deferred = [];
  queue.mailbox.putBack(deferred);
}

function endOf({ type }: CellParts, slice: Slice, snapshot: MachineSnapshot | undefined): End | undefined {
  if (slice.isStop) return 'stopped';
  if (snapshot?.status !== 'done') return undefined;
  return type.onDone === 'keep' ? 'kept' : 'done';
}

function nextRecord({ host, history, presence }: CellParts): EncodedRecord | undefined {
  const { xstate: actor, snapshot, committed, hotState, isRecordStale: isStale } = presence;
  return actor && snapshot && history.encode(host, { actor, snapshot, committed, isStale, hotState });
}

function noteTime({ host, history, presence }: CellParts): void {
  const { xstate: actor, snapshot, committed, isRecordStale: isStale } = presence;
  if (actor && snapshot) history.noteTime(host, { actor, snapshot, committed, isStale });
}

function writeRecord(parts: CellParts, encoded: EncodedRecord): void {
  const { host, history } = parts;
  host.records.write(parts, history.slot, encoded);
  history.wrote(host, encoded);
}

export const doneEvent = (address: Address, output: unknown): EventObject =>
  ({ type: 'actor.done', address, output }) as EventObject;

import { typeOf } from './address.js';
import type { Host } from './host.js';
import { reviewRecords } from './store/review-records.js';
import type { Storage } from './store/storage.js';

/** Takes up where the last run of the store ended: stored messages, unfinished effects, due timers, eager types. */
export function takeUp(host: Host, storage: Storage): void {
  reviewRecords(host, storage);
  const messages = new Map<string, number>();
  for (const stored of [...storage.inbox.rows()])
    if (!host.messages.resume(stored)) increment(messages, typeOf(stored.address));
  logLeft(host, messages, 'messages_of_unknown_type');
  for (const type of host.cells.types.values()) {
    if (!type.eager) continue;
    for (const address of [...storage.snapshots.addresses(type.name)])
      host.wakeCell(host.cells.at(address, type), 'boot');
  }
  const outputs = new Map<string, number>();
  for (const [address, rows] of host.outbox.start((address) => host.cells.typeOf(address) !== undefined))
    increment(outputs, typeOf(address), rows);
  logLeft(host, outputs, 'outputs_of_unknown_type');
  host.wakes.start();
}

/** What stays in the store until its type is back (DUR-10). */
function logLeft({ log }: Host, counts: ReadonlyMap<string, number>, message: string): void {
  for (const [type, count] of counts) log.error({ type, count }, message);
}

function increment(counts: Map<string, number>, key: string, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

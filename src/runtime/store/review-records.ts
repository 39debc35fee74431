import { wakeTime } from '../cell/actor-record.js';
import { ActorError } from '../errors.js';
import type { Host } from '../host.js';
import type { Storage } from './storage.js';

/**
 * Looks, before anything is restored, at the actors that an earlier run could not go on with. A type that is not known
 * any more: its records are set aside (DUR-10). A type that is known again, or has a new version: its actors get
 * another chance, set aside (DUR-10) or parked (SUP-1); the others stay parked.
 */
export function reviewRecords(host: Host, { snapshots, parked }: Storage): void {
  for (const { address, typeVersion } of [...snapshots.quarantinedActors()]) {
    const type = host.cells.typeOf(address);
    if (!type || type.version === typeVersion || snapshots.exists(address)) continue;
    const read = snapshots.takeBack(address);
    if (read.kind === 'record') host.wakes.set(address, undefined, wakeTime(read.record));
  }
  for (const name of [...snapshots.types()]) {
    if (host.cells.types.has(name)) continue;
    const error = new ActorError('ACTOR_TYPE_UNKNOWN', `there is no actor type ${name}`);
    const counts = host.counts.of(name);
    for (const address of [...snapshots.addresses(name)]) {
      snapshots.quarantine(address, error, host.clock.now());
      counts.quarantined++;
    }
    host.log.error({ type: name, actors: counts.quarantined }, 'actor_type_unknown');
  }
  for (const address of parked.addresses()) {
    const type = host.cells.typeOf(address);
    const row = parked.get(address);
    if (!type || row?.typeVersion !== type.version) parked.remove(address);
    else {
      const cell = host.cells.at(address, type);
      cell.park(row.reason);
      cell.isUnreadable = snapshots.quarantined(address) > 0 && !snapshots.exists(address);
    }
  }
}

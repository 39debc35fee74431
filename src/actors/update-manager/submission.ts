/** A desired state from the API: read as one from the broker, and told to the manager as that would be. */
import { type ActorSystem, FleetchartError } from '../../runtime/index.js';
import { LONGEST_QUEUE, MANAGER, type ManagerContext } from './events.js';
import { readWish, type WishEvent } from './inbound.js';

/** `UPDATES_*`: why a desired state is not taken, to whom sent it. */
export class UpdateError extends FleetchartError {}

/**
 * Resolves with the activity's id once the desired state is stored. Where the broker's sender would read of a refusal
 * in a feedback, this one is told at once: `UPDATES_INVALID`, `UPDATES_CONFLICT`, `UPDATES_QUEUE_FULL`.
 */
export async function submitWish(
  system: Pick<ActorSystem, 'peek' | 'tellStored'>,
  payload: Uint8Array,
): Promise<string> {
  const read = readWish(payload);
  if (!read.ok) throw new UpdateError('UPDATES_INVALID', `this is no desired state: ${read.error.detail}`);
  const refusal = refusalOf(system.peek(MANAGER)?.context as ManagerContext | undefined, read.value);
  if (refusal) throw refusal;
  await system.tellStored(MANAGER, read.value);
  return read.value.activityId;
}

/** What the manager's chart would refuse, as far as that can be told beforehand. */
function refusalOf(
  manager: ManagerContext | undefined,
  { activityId, digest }: Pick<WishEvent, 'activityId' | 'digest'>,
): UpdateError | undefined {
  if (!manager) return new UpdateError('UPDATES_UNAVAILABLE', 'the update manager does not run now');
  const { current, queue, settings } = manager;
  const isRepeated = [current, ...queue].some((each) => each?.activityId === activityId && each.digest === digest);
  if (isRepeated || (current && settings?.onBusy === 'supersede')) return undefined;
  if (current && settings?.onBusy === 'reject') {
    const detail = `the update ${current.activityId} is under way, and others are refused meanwhile (onBusy: reject)`;
    return new UpdateError('UPDATES_CONFLICT', detail);
  }
  if (queue.length < LONGEST_QUEUE) return undefined;
  return new UpdateError('UPDATES_QUEUE_FULL', `${queue.length} desired states wait already; no more are taken`);
}

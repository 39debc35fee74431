import type { ActorView } from './api-types.js';
import { errorWords, lastingWords, waitWords } from './words.js';

/** Sentences that answer "why is it stuck?" for one actor, the most important first. */
export function explanation(actor: ActorView, now: number): readonly string[] {
  const lasting = lastingWords(actor.since, now);
  const error = errorWords(actor.lastError);
  switch (actor.status) {
    case 'parked':
      return [
        `Parked for ${lasting} after ${restartWords(actor.restarts)}; it stays so until an operator unparks it.`,
        ...(error === '' ? [] : [`It failed with: ${error}`]),
      ];
    case 'restarting':
      return [
        `Failed and starts again after a pause, with ${restartWords(actor.restarts)} so far.`,
        ...errorLine(error),
      ];
    case 'failed':
      return ['Ended by an error and is not started again.', ...errorLine(error)];
    case 'done':
      return ['Has reached its end; nothing more will happen.'];
    default:
      return waitsOf(actor, now, lasting);
  }
}

function waitsOf(actor: ActorView, now: number, lasting: string): readonly string[] {
  const backlog =
    actor.mailbox.depth >= actor.mailbox.capacity
      ? ['Its mailbox is full: senders are refused until it catches up.']
      : [];
  if (actor.waits.length > 0) return [...actor.waits.map((wait) => waitWords(wait, now)), ...backlog];
  const rest = actor.status === 'sleeping' ? 'Asleep in the store; the next message wakes it.' : 'Waits for nobody.';
  return [`In this state for ${lasting}. ${rest}`, ...backlog];
}

function errorLine(error: string): readonly string[] {
  return error === '' ? [] : [error];
}

function restartWords(restarts: number): string {
  return restarts === 1 ? '1 restart' : `${restarts} restarts`;
}

import type { ActorView } from './api-types.js';
import { errorWords, isInTrouble, waitWords } from './words.js';

/** Sentences that answer "why is it stuck?" for one actor, the most important first. */
export function explanation(actor: ActorView, now: number): readonly string[] {
  const error = errorWords(actor.lastError);
  switch (actor.status) {
    case 'parked':
      return [
        `Parked after ${restartWords(actor.restarts)}; it stays so until an operator unparks it.`,
        ...(actor.parkedReason === null ? [] : [`The reason: ${actor.parkedReason}`]),
        ...errorLine(error),
      ];
    case 'restarting':
      return [`Failed and starts again after a pause; ${restartWords(actor.restarts)} so far.`, ...errorLine(error)];
    case 'stopped':
      return ['Not started.', ...errorLine(error)];
    case 'done':
      return ['Has reached its end; nothing more will happen.'];
    default:
      return [...waitsOf(actor, now), ...(isInTrouble(actor.state) ? errorLine(error) : [])];
  }
}

function waitsOf(actor: ActorView, now: number): readonly string[] {
  const isFull = actor.mailbox.depth >= actor.mailbox.capacity;
  const backlog = isFull ? ['Its mailbox is full: senders are refused until it catches up.'] : [];
  if (actor.waits.length > 0) return [...actor.waits.map((wait) => waitWords(wait, now)), ...backlog];
  const rest = actor.status === 'sleeping' ? 'Asleep in the store; the next message wakes it.' : 'Waits for nobody.';
  return [rest, ...backlog];
}

function errorLine(error: string): readonly string[] {
  return error === '' ? [] : [`It failed with: ${error}`];
}

function restartWords(restarts: number): string {
  return restarts === 1 ? '1 restart' : `${restarts} restarts`;
}

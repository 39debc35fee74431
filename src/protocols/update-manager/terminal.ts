import { type Command, formatGoDuration } from '../update-agent/index.js';

/** The command that the messages of a terminal feedback name: the one after the state in which it ended (spec 5.6). */
export type NextCommand = Exclude<Command, 'ROLLBACK'>;

/** The texts of spec 5.6, word for word. */
const text = (next: NextCommand | null, cause: string): string =>
  next === null ? cause : `failed to wait for command '${next}' signal: ${cause}`;

/** UM-ORC-9; `next` is null in the clean-up. */
export const timedOut = (next: NextCommand | null, afterMs: number): string =>
  text(next, `not received in ${formatGoDuration(afterMs)}`);

/** UM-ORC-10: who failed to identify, in the order in which they said so. */
export const notIdentified = (failures: ReadonlyArray<{ readonly domain: string; readonly message: string }>): string =>
  text('DOWNLOAD', failures.map(({ domain, message }) => `[${domain}]: ${message}`).join('; '));

/** UM-ORC-11, and with the reason of a denial UM-ORC-12. */
export const leftIncomplete = (next: NextCommand | null, reason: string | null): string =>
  text(next, `the update process is incompleted${reason === null ? '' : `: ${reason}`}`);

/** UM-ORC-13, UM-ORC-14. */
export const denied = (reason: string): string => text('UPDATE', reason);

export const terminated = (next: NextCommand | null): string => text(next, 'the update manager instance is terminated');

export const NOT_APPROVED = 'owner approval not granted';
export const NO_CONSENT_CLIENT = 'owner consent client not available';
export const notAnswered = (afterMs: number): string => `owner consent not granted in ${formatGoDuration(afterMs)}`;

/** UM-SPL-5 */
export const NOTHING_SUPPORTED = 'the desired state manifest does not contain any supported domain';

/** Ours: of one that waited, and was lost with the store. */
export const NOT_READABLE = 'the desired state cannot be read any more';

/** UM-ORC-15 */
export const inProgress = (runningId: string): string => `Another update activity in progress - ${runningId}`;

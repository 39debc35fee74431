/** Where a child of the kill test ends itself, each at a random occurrence. */
export const FAULT_POINTS = [
  /** The store is open, nothing was restored. */
  'boot-open',
  /** Some actors are restored, others are not. */
  'boot-restoring',
  /** A turn was taken, nothing of it was handed over. */
  'turn-before-commit',
  /** A slice was handed over to the store, and is not on its way to the disk. */
  'turn-after-commit',
  /** The slice is on disk, nothing of it was released. */
  'turn-flushed',
  /** Some of what waited for the flush was released. */
  'turn-released',
  /** The receiver was not reached yet. */
  'outbox-before',
  /** The receiver has it, the actor does not know. */
  'outbox-after',
  /** The invoked effect has done its work, nobody knows. */
  'effect-after',
  /** An actor has left memory. */
  'passivated',
  /** A timer has fired. */
  'timer',
] as const;

export type FaultPoint = (typeof FAULT_POINTS)[number];

/** How often a point is passed by at most before it is taken; 20 times where nothing is said. */
export const MOST_OCCURRENCES: Partial<Record<FaultPoint, number>> = {
  'boot-open': 1,
  'boot-restoring': 3,
  passivated: 3,
  timer: 3,
  'effect-after': 3,
};

export const LEDGERS = ['ledger/0', 'ledger/1', 'ledger/2'] as const;
export const WORKER = 'worker/w';
/** Notes that the outside receiver got: `ID VALUE` a line. */
export const NOTES_FILE = 'notes';
/** What the invoked effect did: `KEY JOB` a line. */
export const JOBS_FILE = 'jobs';

export interface WorkerContext {
  readonly done: readonly string[];
}

/** Operations that ask for a note say so in their id, so that nobody has to remember. */
export const isNoted = (id: string): boolean => id.endsWith('n');

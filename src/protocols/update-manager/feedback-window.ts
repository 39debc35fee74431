import type { Action } from '../update-agent/index.js';

/** The time after a RUNNING in which no other is published (UM-FB-2). */
export interface OpenWindow {
  readonly published: readonly Action[];
  /** What a later RUNNING would have said. */
  readonly remembered: readonly Action[] | null;
}

/** Whether two reports say the same, in whatever order (UM-FB-3). */
export function saysTheSame(some: readonly Action[], others: readonly Action[]): boolean {
  return some.length === others.length && [...some].map(textOf).sort().join() === [...others].map(textOf).sort().join();
}

const textOf = ({ component, status, progress, message }: Action): string =>
  JSON.stringify([component.id, component.version, status, progress, message]);

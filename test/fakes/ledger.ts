import { type AnyStateMachine, assign, type EventObject, enqueueActions, setup } from 'xstate';
import type { ActorType, OutputEffect } from '../../src/runtime/actor-type.js';
import type { Stamp } from '../../src/runtime/cell/message.js';

/** What a ledger actor knows: everything that an invariant over crashes is about. */
export interface LedgerContext {
  /** Counted in the two steps of one turn: never seen to differ from outside. */
  readonly first: number;
  readonly second: number;
  /** Operations that were done. */
  readonly done: readonly string[];
  /** How many messages went to each other actor. */
  readonly sent: Readonly<Record<string, number>>;
  /** The numbers of the messages that came from each other actor, in the order they came. */
  readonly got: Readonly<Record<string, readonly number[]>>;
  readonly timers: ReadonlyArray<{ readonly id: string; readonly dueAt: number }>;
  readonly fired: ReadonlyArray<{ readonly id: string; readonly at: number }>;
}

export type LedgerEvent =
  | { type: 'OP'; id: string; to?: string; note?: boolean }
  | { type: 'GOT'; from: string; n: number }
  | { type: 'TIMER'; id: string; delayMs: number }
  | { type: 'FIRE'; id: string }
  | { type: 'STEP' }
  | { type: 'BAD'; id: string };

type Stamped = LedgerEvent & { stamp: Stamp };

const machine = setup({
  types: { context: {} as LedgerContext, events: {} as LedgerEvent },
  actions: {
    operate: enqueueActions(({ context, event, enqueue, self }) => {
      const { id, to, note } = event as LedgerEvent & { type: 'OP' };
      enqueue.assign({ first: context.first + 1, done: [...context.done, id] });
      enqueue.raise({ type: 'STEP' });
      if (to !== undefined) {
        const n = context.sent[to] ?? 0;
        enqueue.assign({ sent: { ...context.sent, [to]: n + 1 } });
        enqueue.emit({ type: 'tell', to, event: { type: 'GOT', from: self.id, n } } as never);
      }
      if (note) enqueue.emit({ type: 'note', value: id } as never);
    }),
    step: assign({ second: ({ context }) => context.second + 1 }),
    receive: assign({
      got: ({ context, event }) => {
        const { from, n } = event as LedgerEvent & { type: 'GOT' };
        return { ...context.got, [from]: [...(context.got[from] ?? []), n] };
      },
    }),
    arm: enqueueActions(({ context, event, enqueue }) => {
      const { id, delayMs, stamp } = event as Stamped & { type: 'TIMER' };
      enqueue.assign({ timers: [...context.timers, { id, dueAt: stamp.at + delayMs }] });
      enqueue.raise({ type: 'FIRE', id }, { delay: delayMs, id });
    }),
    fire: assign({
      fired: ({ context, event }) => {
        const { id, stamp } = event as Stamped & { type: 'FIRE' };
        return [...context.fired, { id, at: stamp.at }];
      },
    }),
    fail: ({ event }) => {
      throw new Error(`bad ${(event as LedgerEvent & { type: 'BAD' }).id}`);
    },
  },
}).createMachine({
  id: 'ledger',
  context: { first: 0, second: 0, done: [], sent: {}, got: {}, timers: [], fired: [] },
  on: {
    OP: { actions: 'operate' },
    STEP: { actions: 'step' },
    GOT: { actions: 'receive' },
    TIMER: { actions: 'arm' },
    FIRE: { actions: 'fire' },
    BAD: { actions: 'fail' },
  },
}) as unknown as AnyStateMachine;

/** A durable actor that keeps account of what it did, sent and received. */
export function ledgerType(note: OutputEffect, overrides: Partial<ActorType> = {}): ActorType {
  return {
    name: 'ledger',
    version: 1,
    machine,
    durability: 'durable',
    startOnTell: true,
    intensity: 1_000_000,
    outputs: { note },
    ...overrides,
  };
}

export const ledgerEvent = (event: LedgerEvent): EventObject => event;

/** What is wrong with the books of some actors, given what outside is known of them. */
export function ledgerFaults(
  actors: ReadonlyMap<string, LedgerContext>,
  outside: {
    /** Operations whose sender was told that they are safe, by actor. */
    readonly acknowledged: ReadonlyMap<string, ReadonlySet<string>>;
    /** What receivers got, repetitions removed. */
    readonly notes: readonly unknown[];
    /** Operations that ask for a note. */
    readonly noted: ReadonlySet<string>;
    /** How much earlier than the wall clock says timers may fire: Node's round it. @default 0 */
    readonly roundingMs?: number;
  },
): string[] {
  const faults: string[] = [];
  const done = new Set<string>();
  for (const [address, books] of actors) {
    if (books.first !== books.second) faults.push(`${address} stands inside a turn`);
    if (new Set(books.done).size !== books.done.length) faults.push(`${address} did something twice`);
    for (const id of books.done) done.add(id);
    for (const [to, count] of Object.entries(books.sent)) {
      const got = actors.get(to)?.got[address] ?? [];
      const wanted = Array.from({ length: count }, (_, n) => n).join();
      if (got.join() !== wanted) faults.push(`${address} sent ${wanted} to ${to}, which got ${got.join()}`);
    }
    for (const { id, dueAt } of books.timers) {
      const times = books.fired.filter((fired) => fired.id === id);
      if (times.length !== 1) faults.push(`timer ${id} of ${address} fired ${times.length} times`);
      for (const { at } of times) {
        if (at < dueAt - (outside.roundingMs ?? 0))
          faults.push(`timer ${id} of ${address} fired ${dueAt - at} ms early`);
      }
    }
  }
  for (const [address, ids] of outside.acknowledged) {
    for (const id of ids) {
      const books = actors.get(address);
      const isThere = books?.done.includes(id) || books?.timers.some((timer) => timer.id === id);
      if (!isThere) faults.push(`${address} lost ${id}, which was acknowledged`);
    }
  }
  const notes = new Set(outside.notes);
  if (notes.size !== outside.notes.length) faults.push('a note came twice under different ids');
  for (const id of done) if (outside.noted.has(id) && !notes.has(id)) faults.push(`the note of ${id} was lost`);
  for (const id of notes) if (!done.has(id as string)) faults.push(`the note of ${id} left before its turn was safe`);
  return faults;
}

import { type AnyStateMachine, assign, type EventObject, enqueueActions, setup } from 'xstate';
import type { ActorType, Durability, OutputEffect } from '../../src/runtime/actor-type.js';
import type { Stamp } from '../../src/runtime/cell/message.js';

/** What a scripted actor does on an event, in this order. */
export interface Script {
  /** Noted in the context. */
  readonly n?: number;
  /** Emitted. */
  readonly outputs?: readonly EventObject[];
  /** Thrown. */
  readonly fail?: string;
}

export interface ScriptedContext {
  readonly seen: readonly number[];
  readonly notes: readonly string[];
  readonly input: unknown;
  readonly result: unknown;
}

type ScriptedEvent = { type: 'DO'; stamp?: Stamp } & Script;

/** A chart that does what each event tells it to, so that a test shows in one place what happens. */
const scriptedMachine: AnyStateMachine = setup({
  types: {
    context: {} as ScriptedContext,
    events: {} as ScriptedEvent | { type: 'END'; result?: unknown } | { type: 'runtime.restored'; cause: string },
    input: {} as object,
    output: {} as unknown,
  },
  actions: {
    run: enqueueActions(({ event, enqueue }) => {
      const { n, outputs = [], fail } = event as ScriptedEvent;
      if (n !== undefined) enqueue.assign({ seen: ({ context }) => [...context.seen, n] });
      for (const output of outputs) enqueue.emit(output as never);
      if (fail !== undefined) {
        enqueue(() => {
          throw new Error(fail);
        });
      }
    }),
    keepResult: assign({ result: ({ event }) => (event as { result?: unknown }).result ?? null }),
    note: assign({
      notes: ({ context, event }) => [...context.notes, noteOf(event)],
    }),
  },
}).createMachine({
  id: 'scripted',
  context: ({ input }) => ({ seen: [], notes: [], input, result: null }),
  initial: 'ready',
  states: {
    ready: {
      on: {
        DO: { actions: 'run' },
        END: { target: 'ended', actions: 'keepResult' },
        'runtime.restored': { actions: 'note' },
        'actor.*': { actions: 'note' },
        'runtime.reset': { actions: 'note' },
      },
    },
    ended: { type: 'final' },
  },
  output: ({ context }: { context: ScriptedContext }) => context.result,
});

/** Names, causes and results, without what differs from run to run. */
function noteOf(event: EventObject): string {
  const { cause, address, output, reason } = event as EventObject & Record<string, unknown>;
  const parts = [cause, address, output === undefined ? undefined : JSON.stringify(output), reason];
  return [event.type, ...parts.filter((part) => part !== undefined && part !== null)].join(' ');
}

export function scriptedType(
  name: string,
  durability: Durability = 'durable',
  overrides: Partial<ActorType> = {},
): ActorType {
  return { name, version: 1, machine: scriptedMachine, durability, startOnTell: true, ...overrides };
}

export const script = (steps: Script): EventObject => ({ type: 'DO', ...steps }) as EventObject;

/** An output that the runtime carries to another actor. */
export const tellOutput = (to: string, event: EventObject): EventObject => ({ type: 'tell', to, event }) as EventObject;

/** An outside receiver that notes what it gets. */
export class Receiver {
  readonly got: Array<{ value: unknown; id: string; address: string }> = [];

  /** To be registered for the output `note`. */
  readonly effect: OutputEffect = (output, { id, address }) => {
    this.got.push({ value: (output as { value?: unknown } & EventObject).value, id, address });
  };

  get values(): unknown[] {
    return this.got.map(({ value }) => value);
  }

  /** What is left when repetitions are removed by their id. */
  get once(): unknown[] {
    const ids = new Set<string>();
    return this.got.filter(({ id }) => !ids.has(id) && ids.add(id)).map(({ value }) => value);
  }
}

export const noteOutput = (value: unknown): EventObject => ({ type: 'note', value }) as EventObject;

/** The committed context of an actor; empty when there is none. */
export const contextOf = <Context = ScriptedContext>(
  system: { peek(address: string): { context: unknown } | undefined },
  address: string,
): Partial<Context> => (system.peek(address)?.context ?? {}) as Partial<Context>;

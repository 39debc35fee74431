/**
 * Effects wait for the commit (DUR-14). XState starts an invoked effect inside `send()`, before anybody could have
 * stored the state that asked for it (R19), so the logic of each is wrapped once per type: the start is handed to the
 * actor's cell, which runs it after the slice is committed, for `durable` types after it is flushed.
 *
 * Invariants
 * - HE-1 An effect whose state was left before the release never starts.
 * - HE-2 Events sent to an effect before the release reach it after its start, in order.
 * - HE-3 An effect that throws at its start fails as one that throws at once would without the wait.
 * - HE-4 The idempotency key stands in the child's own snapshot and so survives a restart (R26).
 * - HE-5 What an effect sets going is known as its actor's (RT-8).
 */
import { type AnyActorLogic, type AnyActorRef, type AnyStateMachine, type EventObject, StateMachine } from 'xstate';
import { owned } from '../effect-owner.js';
import { cellOf, ownerOf } from './cell-clock.js';
import { stampEvents } from './stamped-machine.js';

interface Held {
  readonly events: EventObject[];
  dropped: boolean;
}

const START_FAILED = 'runtime.startFailed';
/** RT-5: an endless `always` loop fails the actor instead of hanging the process. */
const MAX_ITERATIONS = 1_000;

type Logic = AnyActorLogic;
type Scope = Parameters<Logic['transition']>[2];

/** A copy of the machine that wraps all logic that it invokes, private machines' included, and ends endless loops. */
export function holdEffects(machine: AnyStateMachine): AnyStateMachine {
  const actors = Object.entries(machine.implementations.actors as Record<string, Logic>);
  const held = machine.provide({ actors: Object.fromEntries(actors.map(([name, logic]) => [name, wrap(logic)])) });
  const { maxIterations } = held.options as { maxIterations?: number };
  // XState's own default is no limit.
  const limit =
    maxIterations === undefined || maxIterations === Number.POSITIVE_INFINITY ? MAX_ITERATIONS : maxIterations;
  held.options = { ...held.options, maxIterations: limit };
  return held;
}

function wrap(logic: Logic): Logic {
  if (logic instanceof StateMachine) return watched(stampEvents(holdEffects(logic)));
  return logic.start ? held(logic) : watched(logic);
}

/** Children whose state is kept with the actor's (R5): a change of theirs makes its record stale. */
function watched(logic: Logic): Logic {
  const transition: Logic['transition'] = (state, event, scope) => {
    const next = logic.transition(state, event, scope);
    if (next !== state && event.type !== 'xstate.stop') cellOf(scope.self).childChanged();
    return next;
  };
  return Object.create(logic, { transition: { value: transition, enumerable: true } }) as Logic;
}

function held(logic: Logic): Logic {
  const waiting = new WeakMap<AnyActorRef, Held>();
  return {
    ...logic,
    getInitialSnapshot: (scope: Scope, input: unknown) => ({
      ...logic.getInitialSnapshot(scope, input),
      effectKey: cellOf(scope.self).effectKey(scope.id),
    }),
    start: (state: unknown, scope: Scope) => {
      const entry: Held = { events: [], dropped: false };
      waiting.set(scope.self, entry);
      cellOf(scope.self).hold(() => {
        if (entry.dropped) return;
        waiting.delete(scope.self);
        owned(ownerOf(scope.self), () => {
          try {
            logic.start?.(state, scope);
          } catch (error) {
            scope.self.send({ type: START_FAILED, error });
            return;
          }
          for (const event of entry.events) scope.self.send(event);
        });
      });
    },
    transition: (state: { status: string }, event: EventObject, scope: Scope) => {
      if (event.type === START_FAILED) {
        return { ...state, status: 'error', error: (event as EventObject & { error: unknown }).error };
      }
      const entry = waiting.get(scope.self);
      if (!entry) {
        const next = owned(ownerOf(scope.self), () => logic.transition(state, event, scope)) as { status: string };
        if (next.status !== state.status && event.type !== 'xstate.stop') cellOf(scope.self).childChanged();
        return next;
      }
      if (event.type === 'xstate.stop') {
        // Logic that has not started has nothing to stop, and callback logic would throw (R24).
        entry.dropped = true;
        waiting.delete(scope.self);
        return { ...state, status: 'stopped', error: undefined };
      }
      entry.events.push(event);
      return state;
    },
  };
}

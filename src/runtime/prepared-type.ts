import type { AnyActorRef, AnyStateMachine, EventObject } from 'xstate';
import { type ActorType, checkActorType, type HotLogic } from './actor-type.js';
import { cellOf } from './cell-clock.js';
import { holdEffects, stampEvents } from './held-effects.js';

const MAX_ITERATIONS = 1_000;

/** An actor type as the runtime runs it: checked, effects held, events stamped; made once per type (R28). */
export interface PreparedType extends ActorType {
  /** The logic given to `createActor`. */
  readonly logic: AnyStateMachine;
  readonly stored: boolean;
  readonly limits: { readonly intensity: number; readonly periodMs: number };
  readonly hot?: HotLogic;
}

export function prepareType(type: ActorType): PreparedType {
  checkActorType(type);
  const machine = holdEffects(type.machine);
  // RT-5: an endless `always` loop fails the actor instead of hanging the process.
  const options = machine.options as { maxIterations?: number };
  machine.options = { ...options, maxIterations: Math.min(options.maxIterations ?? MAX_ITERATIONS, MAX_ITERATIONS) };
  const taken = (self: AnyActorRef, event: EventObject): void => cellOf(self).taken(event);
  return {
    ...type,
    logic: stampEvents(machine, taken),
    stored: type.durability !== 'none',
    limits: { intensity: type.intensity ?? 5, periodMs: type.periodMs ?? 60_000 },
  };
}

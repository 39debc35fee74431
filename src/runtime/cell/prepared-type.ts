import type { AnyActorRef, AnyStateMachine, EventObject } from 'xstate';
import type { ActorType, HotLogic } from '../actor-type.js';
import { cellOf } from './cell-clock.js';
import { checkActorType } from './check-type.js';
import { holdEffects } from './held-effects.js';
import { stampEvents } from './stamped-machine.js';

/** An actor type as the runtime runs it: checked, effects held, events stamped; made once per type (R28). */
export interface PreparedType extends ActorType {
  /** The logic given to `createActor`. */
  readonly logic: AnyStateMachine;
  readonly stored: boolean;
  readonly limits: { readonly intensity: number; readonly periodMs: number };
  readonly hot?: HotLogic;
  /** What looks like a mistake. */
  readonly warnings: readonly string[];
}

export function prepareType(type: ActorType): PreparedType {
  const warnings = checkActorType(type);
  const taken = (self: AnyActorRef, event: EventObject): void => cellOf(self).taken(event);
  return {
    ...type,
    warnings,
    logic: stampEvents(holdEffects(type.machine), taken),
    stored: type.durability !== 'none',
    limits: { intensity: type.intensity ?? 5, periodMs: type.periodMs ?? 60_000 },
  };
}

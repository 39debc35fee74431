import type { AnyStateMachine } from 'xstate';
import type { ActorType } from '../../src/runtime/actor-type.js';

/** A durable type `a` of any machine. */
export const durableType = (machine: AnyStateMachine, overrides: Partial<ActorType> = {}): ActorType => ({
  name: 'a',
  version: 1,
  machine,
  durability: 'durable',
  startOnTell: true,
  ...overrides,
});

import { assign, emit, setup } from 'xstate';
import type { MqttLinkOptions, PublishOutput, SubscribeOutput, Tell } from '../../../src/actors/mqtt-link/index.js';
import type { ActorType, OutputEffect } from '../../../src/runtime/index.js';

export const SCRIBE = 'scribe/s';

export interface ScribeContext {
  readonly heard: readonly string[];
  readonly counted: number;
}

export type ScribeEvent =
  | { readonly type: 'HEARD'; readonly text: string }
  | { readonly type: 'BROKER.UP' }
  | { readonly type: 'BROKER.DOWN' }
  | {
      readonly type: 'SAY';
      readonly text: string;
      readonly qos?: 0 | 1;
      readonly retain?: boolean;
      readonly topic?: string;
    }
  | { readonly type: 'LISTEN'; readonly output: SubscribeOutput }
  | { readonly type: 'HOLD' }
  | { readonly type: 'GO' };

const publication = (text: string, qos: 0 | 1 = 1, retain = false, topic = 'said'): PublishOutput => ({
  type: 'mqtt.publish',
  topic,
  payload: text,
  qos,
  retain,
});

/** A role that writes down what it is told, and says what it is told to say. */
const machine = setup({
  types: {} as { context: ScribeContext; events: ScribeEvent; emitted: PublishOutput | SubscribeOutput },
}).createMachine({
  id: 'scribe',
  context: { heard: [], counted: 0 },
  initial: 'listening',
  on: {
    SAY: { actions: emit(({ event }) => publication(event.text, event.qos, event.retain, event.topic)) },
    LISTEN: { actions: emit(({ event }) => event.output) },
    'BROKER.UP': { actions: assign({ heard: ({ context }) => [...context.heard, 'UP'] }) },
    'BROKER.DOWN': { actions: assign({ heard: ({ context }) => [...context.heard, 'DOWN'] }) },
    // What comes in great numbers is counted only; what is to be echoed is said again.
    HEARD: [
      {
        guard: ({ event }) => event.text.startsWith('#'),
        actions: assign({ counted: ({ context }) => context.counted + 1 }),
      },
      {
        guard: ({ event }) => event.text.startsWith('!'),
        actions: [
          assign({ heard: ({ context, event }) => [...context.heard, event.text] }),
          emit(({ event }) => publication(event.text)),
        ],
      },
      { actions: assign({ heard: ({ context, event }) => [...context.heard, event.text] }) },
    ],
  },
  states: {
    listening: { on: { HOLD: 'holding' } },
    holding: { on: { GO: 'listening' } },
  },
});

export function scribeType(publish: OutputEffect, subscribe: OutputEffect = () => {}): ActorType {
  return {
    name: 'scribe',
    version: 1,
    machine,
    durability: 'durable',
    startOnTell: true,
    idleAfterMs: 'never',
    outputs: { 'mqtt.publish': publish, 'mqtt.subscribe': subscribe, 'mqtt.unsubscribe': subscribe },
    defer: ({ value }, { type }) => value === 'holding' && type === 'HEARD',
  };
}

const told = (type: 'BROKER.UP' | 'BROKER.DOWN'): readonly Tell[] => [{ to: SCRIBE, event: { type } }];

/** What a link of the scribe subscribes to and tells. */
export const scribeOptions = {
  name: 'scribe',
  clientId: 'scribe',
  clean: false,
  keepAliveS: 30,
  subscriptions: [
    { filter: 'quiet/+', qos: 1, read: () => undefined },
    {
      filter: 'heard',
      qos: 1,
      read: ({ payload }) => [{ to: SCRIBE, event: { type: 'HEARD', text: Buffer.from(payload).toString() } as never }],
    },
  ],
  up: told('BROKER.UP'),
  down: told('BROKER.DOWN'),
  backoff: { firstMs: 20, longestMs: 200 },
} as const satisfies Omit<MqttLinkOptions, 'url'>;

import type { ActorType } from '../../runtime/actor-type.js';
import { keyOf } from '../../runtime/address.js';
import type { Clock } from '../../runtime/clock.js';
import { effect } from '../../runtime/effect.js';
import { DeadLetterError } from '../../runtime/errors.js';
import type { Confirmation } from './dispatcher.js';
import { Destination, type DestinationOptions, dispatchEffects } from './effects.js';
import { DispatchError } from './errors.js';
import { DEFAULT_TIMING, type DispatcherContext, type DispatcherInput, type DispatcherTiming } from './events.js';
import { dispatcherMachine } from './machine.js';

export { type RefusedLetter, refusedLetter, type SpoolEntrance } from './dead-letters.js';
export type {
  Confirmation,
  Delivery,
  Dispatcher,
  LogLine,
  MqttMessage,
  RecordFormats,
  RedisMessage,
  Refusal,
  TopicMessage,
} from './dispatcher.js';
export { DispatchError, TopicError } from './errors.js';
export type { DispatcherCommand, DispatcherTiming } from './events.js';
export { createFileDispatcher, FILE_DEFAULTS, type FileDispatcherOptions } from './file/file-dispatcher.js';
export { type Answer, Exchange } from './http/exchange.js';
export { createHttpDispatcher, type HttpDispatcherOptions, httpBatching } from './http/http-dispatcher.js';
export { SIGNATURE_HEADER, signatureOf } from './http/signature.js';
export { createKafkaDispatcher, type KafkaDispatcherOptions, kafkaBatching } from './kafka/kafka-dispatcher.js';
export { createKinesisDispatcher, type KinesisDispatcherOptions, kinesisPacing } from './kinesis/kinesis-dispatcher.js';
export type { StreamPlace } from './kinesis/put-plan.js';
export { createLoggerDispatcher, type LoggerDispatcherOptions } from './logger/logger-dispatcher.js';
export { createMqttDispatcher, type MqttDispatcherOptions } from './mqtt/mqtt-dispatcher.js';
export { createPubsubDispatcher, PUBSUB_PACING, type PubsubDispatcherOptions } from './pubsub/pubsub-dispatcher.js';
export { decodeRecord, encodeRecord, type FleetRecord } from './record.js';
export { createRedisDispatcher, type RedisDispatcherOptions } from './redis/redis-dispatcher.js';
export { dispatchRoutes } from './routes.js';
export type { RefusedRecord, Spool, SpoolItem } from './spool.js';
export { createZmqDispatcher, type ZmqDispatcherOptions } from './zmq/zmq-dispatcher.js';

export interface DispatcherOptions extends Omit<DestinationOptions, 'clock'> {
  /** What differs from {@link DEFAULT_TIMING}. */
  readonly timing?: Partial<DispatcherTiming>;
}

export interface DispatchDeps {
  readonly clock: Clock;
  readonly dispatchers: readonly DispatcherOptions[];
}

/** One line of the dispatchers' list. */
export interface DispatcherView {
  readonly name: string;
  readonly kind: string;
  readonly confirmation: Confirmation;
  /** `connecting`, `ready`, `saturated`, `broken`, `recovering`, `draining`, `closing` or `stopped`. */
  readonly state: string;
  readonly pendingItems: number;
  readonly pendingBytes: number;
  readonly boundBytes: number;
  /** Of the oldest record that waits; null if none does. */
  readonly oldestAgeMs: number | null;
  readonly delivered: number;
  readonly deliveredBytes: number;
  readonly refused: number;
  readonly dropped: number;
  /** Why the destination was lost; while it delivers, why it refused a record, until it takes one again. */
  readonly lastError: DispatcherContext['lastError'];
  /** Of the last record that it refused, which is a dead letter; null if it has refused none since the start. */
  readonly lastRefusal: DispatcherContext['lastError'];
  /** Epoch ms of the next try to reach a destination that failed; null while none is planned. */
  readonly nextTryAt: number | null;
}

/** What a chart waits for, as the runtime shows it. */
interface ChartWait {
  readonly state: string;
  readonly until: 'never' | { readonly at: number };
}

/** A chart as the runtime shows it. */
interface ChartSnapshot {
  readonly value: unknown;
  readonly context: unknown;
}

export interface Dispatch {
  readonly type: ActorType;
  /** The actors to start, one a destination. */
  readonly actors: readonly { readonly address: string; readonly input: DispatcherInput }[];
  /** What the console and the API show; `peek` gives an actor's committed chart, `waits` what it waits for. */
  views(
    peek: (address: string) => ChartSnapshot | undefined,
    waits?: (address: string) => readonly ChartWait[],
  ): DispatcherView[];
  /** Closes all destinations whatever the charts say: the last step of a stop. */
  close(deadlineMs: number): Promise<void>;
}

const TYPE = 'dispatcher';

/** The chart alone: enough for a replay. */
export const dispatcherType = { name: TYPE, version: 1, machine: dispatcherMachine } as const;

/**
 * The dispatchers of a process: one actor type, one actor a destination. Throws {@link DispatchError}
 * `DISPATCH_NAME_TAKEN` if two have one name.
 */
export function createDispatch({ clock, dispatchers }: DispatchDeps): Dispatch {
  const destinations = new Map<string, Destination>();
  for (const options of dispatchers) {
    if (destinations.has(options.name)) {
      throw new DispatchError('DISPATCH_NAME_TAKEN', `two dispatchers are called ${options.name}`);
    }
    destinations.set(options.name, new Destination({ ...options, clock }));
  }
  const { connect, pump, drained, close } = dispatchEffects(destinations);
  return {
    type: {
      ...dispatcherType,
      machine: dispatcherMachine.provide({
        actors: { connect: effect(connect), pump: effect(pump), drained: effect(drained), close: effect(close) },
      }),
      // What must last is the spool and its positions; a connection does not survive the process.
      durability: 'none',
      idleAfterMs: 'never',
      replay: (address, letter) => {
        const name = keyOf(address);
        const destination = destinations.get(name);
        if (!destination) {
          const text = `no topic of records goes to ${name} any more: give it one and start again to replay this`;
          throw new DeadLetterError('DEAD_LETTER_GONE', text);
        }
        destination.takeBack(letter);
        return undefined;
      },
    },
    actors: dispatchers.map(({ name, timing }) => ({
      address: `${TYPE}/${name}`,
      input: { name, timing: { ...DEFAULT_TIMING, ...timing } },
    })),
    views: (peek, waits = () => []) =>
      [...destinations.values()].map((destination) => view(destination, peek, waits, clock.now())),
    close: async (deadlineMs) => {
      await Promise.allSettled([...destinations.values()].map((destination) => destination.close(deadlineMs)));
    },
  };
}

function view(
  { name, options, counts, lastRefusal, takesSinceRefusal }: Destination,
  peek: (address: string) => ChartSnapshot | undefined,
  waits: (address: string) => readonly ChartWait[],
  now: number,
): DispatcherView {
  const chart = peek(`${TYPE}/${name}`);
  const pause = waits(`${TYPE}/${name}`).find((wait) => wait.state.endsWith('.broken.pausing'))?.until;
  const state = chart ? stateName(chart.value) : 'stopped';
  const lost = state === 'ready' ? null : (chart?.context as DispatcherContext | undefined)?.lastError;
  const { items, bytes, oldestAt } = options.spool.pending();
  return {
    name,
    kind: options.dispatcher.kind,
    confirmation: options.dispatcher.confirmation,
    state,
    pendingItems: items,
    pendingBytes: bytes,
    boundBytes: options.boundBytes,
    oldestAgeMs: oldestAt === undefined ? null : Math.max(0, now - oldestAt),
    delivered: counts.delivered,
    deliveredBytes: counts.deliveredBytes,
    refused: counts.refused,
    dropped: options.spool.dropped ?? 0,
    lastError: lost ?? (takesSinceRefusal ? null : lastRefusal),
    lastRefusal,
    nextTryAt: pause === undefined || pause === 'never' ? null : pause.at,
  };
}

/** The state by the name it has in the catalogue: `delivering` only groups, and how `broken` waits is the chart's. */
function stateName(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const [outer, inner] = Object.entries(value)[0] ?? ['', ''];
  return outer === 'delivering' ? stateName(inner) : outer;
}

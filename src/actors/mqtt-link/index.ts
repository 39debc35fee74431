import type { EventObject } from 'xstate';
import { brokerUrl, shownUrl } from '../../protocols/fleet-telemetry/broker-url.js';
import type { ActorSystem, ActorType, Child, Clock, Logger, Metrics, OutputEffect } from '../../runtime/index.js';
import { addressOf, DeadLetterError, effect, keyOf } from '../../runtime/index.js';
import { LinkHost } from './effects.js';
import { LinkError } from './errors.js';
import { type CloseLinkInput, DEFAULT_LINK_TIMING, LINK_TYPE, type LinkEffectInput } from './events.js';
import { LinkMetrics } from './link-metrics.js';
import { linkMachine } from './machine.js';
import type { MqttLinkOptions, PublishOutput, SubscribeOutput } from './options.js';

export type {
  InboundMessage,
  LinkTlsFiles,
  MqttLinkOptions,
  PublishOutput,
  SubscribeOutput,
  Subscription,
  Tell,
} from './options.js';

export { readTlsFiles, type TlsFileFault, type TlsFilesResult } from './tls-files.js';

/** The address of a broker as it may be logged: without user and password. */
export function shownBroker(text: string): string {
  const url = brokerUrl(text);
  return url.ok ? shownUrl(url.value) : 'no address';
}

/** The chart alone: enough for a replay. */
export const linkType = { name: LINK_TYPE, version: 1, machine: linkMachine } as const;

export interface MqttLinksDeps {
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** The MQTT links of a process, one a role: each has a client id and a connection of its own. */
export interface MqttLinks {
  /** Registered once, before the system starts. */
  readonly type: ActorType;
  /**
   * For `outputs` of a role's actors, under `mqtt.publish`: resolves when the broker has acknowledged the publication
   * and waits as long as there is no broker. Of a `durable` type nothing is lost and the order is kept. May be asked
   * for before the link is added.
   */
  publisher(name: string): OutputEffect;
  /** Likewise, under `mqtt.subscribe` and `mqtt.unsubscribe`. */
  subscriber(name: string): OutputEffect;
  /** Adds a link; throws `MQTT_BROKER_INVALID`. Returns it as a child for a supervisor. */
  add(options: MqttLinkOptions): Child;
  /** Leaves all brokers whatever the charts say: the last step of a stop. */
  close(deadlineMs: number): Promise<void>;
}

/** On stop, what a link may take beyond its own time for that. */
const CLOSE_SLACK_MS = 500;

export function createMqttLinks({ system, clock, logger, metrics }: MqttLinksDeps): MqttLinks {
  const hosts = new Map<string, LinkHost>();
  const counted = new LinkMetrics({ metrics, logger, clock });
  const host = (name: string): LinkHost => {
    const found = hosts.get(name);
    if (!found) throw new LinkError('MQTT_UNKNOWN', `there is no link ${name}`);
    return found;
  };
  return {
    type: {
      ...linkType,
      machine: linkMachine.provide({
        actors: {
          connect: effect<void, LinkEffectInput>(({ input: { name }, signal }) => host(name).connect(signal)),
          serve: effect<never, LinkEffectInput>(({ input: { name } }) => host(name).serve()),
          halfEmpty: effect<void, LinkEffectInput>(({ input: { name }, signal }) => host(name).halfEmpty(signal)),
          close: effect<void, CloseLinkInput>(({ input: { name, deadlineMs } }) => host(name).close(deadlineMs)),
        },
      }),
      durability: 'none',
      idleAfterMs: 'never',
      outputs: {
        'mqtt.publish': (output, context) => host(keyOf(context.address)).publish(output as PublishOutput, context),
      },
      replay: (address, letter) => {
        if (!hosts.has(keyOf(address))) {
          throw new DeadLetterError('DEAD_LETTER_GONE', `there is no link ${keyOf(address)} any more`);
        }
        return letter as PublishOutput;
      },
    },
    publisher: (name) => (output: EventObject, context) => host(name).publish(output as PublishOutput, context),
    subscriber: (name) => (output: EventObject, context) =>
      host(name).changeSubscription(output as SubscribeOutput, context),
    add: (options) => {
      const { name, connectTimeoutMs, closeMs, backoff } = options;
      const timing = {
        ...DEFAULT_LINK_TIMING,
        ...(connectTimeoutMs === undefined ? {} : { connectTimeoutMs }),
        ...(closeMs === undefined ? {} : { closeMs }),
        ...(backoff === undefined ? {} : { firstPauseMs: backoff.firstMs, longestPauseMs: backoff.longestMs }),
      };
      const added = new LinkHost(options, { system, clock, logger, metrics: counted });
      hosts.set(name, added);
      counted.add(name, () => added.figures);
      return system.child(addressOf(linkType.name, name), {
        input: { name, timing },
        stopEvent: (deadlineMs) => ({ type: 'link.stop', deadlineMs }),
        shutdownMs: timing.closeMs + CLOSE_SLACK_MS,
      });
    },
    close: async (deadlineMs) => {
      await Promise.all([...hosts.values()].map((each) => each.close(deadlineMs)));
    },
  };
}

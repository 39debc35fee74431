import type { ActorType } from '../../runtime/actor-type.js';
import { effect } from '../../runtime/effect.js';
import { BrokerHost } from './effects.js';
import {
  type BrokerAddress,
  type BrokerInput,
  type BrokerTiming,
  type CloseBrokerInput,
  DEFAULT_BROKER_TIMING,
} from './events.js';
import { brokerMachine } from './machine.js';
import type { BrokerOptions, BrokerStats } from './options.js';

export { authenticateBy } from './clients.js';
export type { MqttConfig } from './config.js';
export type { BrokerAddress, BrokerCommand, BrokerTiming } from './events.js';
export type { BrokerOptions, BrokerRefusal, BrokerStats, RefusalReason } from './options.js';

export interface BrokerDeps extends BrokerOptions {
  /** What differs from {@link DEFAULT_BROKER_TIMING}. */
  readonly timing?: Partial<BrokerTiming>;
}

export interface Broker {
  readonly type: ActorType;
  readonly actor: { readonly address: string; readonly input: BrokerInput };
  /** Where clients of this machine reach it, once it listens. */
  url(): string | undefined;
  stats(): BrokerStats;
  /** Reads certificate and key again; whether they could be taken. */
  reload(): Promise<boolean>;
  /** Closes the broker whatever its chart says: the last step of a stop. */
  close(deadlineMs: number): Promise<void>;
}

/** The chart alone: enough for a replay. */
export const brokerType = { name: 'broker', version: 1, machine: brokerMachine } as const;

/** The embedded MQTT broker as an actor; clients speak MQTT 3.1 or 3.1.1 (MQT-1). */
export function createBroker({ timing, ...options }: BrokerDeps): Broker {
  const host = new BrokerHost(options);
  return {
    type: {
      ...brokerType,
      machine: brokerMachine.provide({
        actors: {
          listen: effect<BrokerAddress>(async ({ signal }) => {
            try {
              return await host.listen(signal);
            } catch (error) {
              options.onFailed?.(error);
              throw error;
            }
          }),
          serve: effect<never>(() => host.serve()),
          close: effect<void, CloseBrokerInput>(({ input }) => host.close(input.deadlineMs)),
        },
      }),
      durability: 'none',
      idleAfterMs: 'never',
    },
    actor: { address: 'broker/embedded', input: { timing: { ...DEFAULT_BROKER_TIMING, ...timing } } },
    url: () => host.address?.url,
    stats: () => host.stats(),
    reload: () => host.reload(),
    close: (deadlineMs) => host.close(deadlineMs),
  };
}

import { cloudIdOf, isOwnAtHub, thingAnswer } from '../../protocols/ditto/index.js';
import {
  type ActorSystem,
  type ActorType,
  type Child,
  type Clock,
  effect,
  type HttpRoutes,
  type Logger,
  type Metrics,
  type OutputEffect,
  Refusals,
} from '../../runtime/index.js';
import type { MqttLinkOptions, Subscription, Tell } from '../mqtt-link/index.js';
import type { HubLinkSettings } from './config.js';
import { HUB_LINK } from './events.js';
import { hubSubscriptions, localSubscriptions, toHubLink } from './inbound.js';
import { hubLinkMachine } from './machine.js';
import { HubOutbox } from './outbox.js';

export type { HubLinkSettings } from './config.js';

/** The chart alone: enough for a replay. */
export const hubLinkType = { name: 'hub-link', version: 1, machine: hubLinkMachine } as const;

export interface HubLinkDeps {
  readonly settings: HubLinkSettings;
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Publishes on the vehicle's broker. */
  readonly publishLocally: OutputEffect;
  /** Publishes at the hub; resolves when that has acknowledged it. */
  readonly publishAtHub: OutputEffect;
}

/** What the console and the API show. */
export interface HubLinkView {
  /** `<namespace>:<deviceId>` */
  readonly thing: string;
  readonly tenantId: string;
  /** `none` without a hub. */
  readonly hub: 'none' | 'offline' | 'online' | 'retrying';
  readonly outbox: { readonly messages: number; readonly bytes: number; readonly dropped: number };
}

/** One of the two links, but for its name. */
type LinkParts = Omit<MqttLinkOptions, 'name'>;

export interface HubLink {
  /** To be registered. */
  readonly types: readonly ActorType[];
  /** For the link to the vehicle's broker. */
  readonly subscriptions: readonly Subscription[];
  readonly up: readonly Tell[];
  readonly down: readonly Tell[];
  readonly clientId: string;
  /** The link to the hub, where there is one. */
  readonly upstream: LinkParts | undefined;
  /** To be started before the links. */
  readonly child: Child;
  readonly view: () => HubLinkView;
  readonly routes: HttpRoutes;
  /** Opens the outbox; before any actor is awake. */
  prepare(): Promise<void>;
  close(): Promise<void>;
}

/** The vehicle's cloud connector (THG-2 to THG-5, UM-TH-1, UM-TH-2, PRV-18, PRV-19). */
export function createHubLink(deps: HubLinkDeps): HubLink {
  const { settings, system, clock, logger, metrics, publishLocally, publishAtHub } = deps;
  const { identity, upstream, outboxBytes } = settings;
  const refusals = new Refusals({ boundary: 'hub_link', metrics, logger, clock });
  const outbox = new HubOutbox({
    system,
    clock,
    metrics,
    refusals,
    boundBytes: outboxBytes,
    isOwn: (topic) => isOwnAtHub(identity, topic),
    publish: (output, context) => publishAtHub(output, { address: HUB_LINK, ...context }),
  });
  const answer = thingAnswer(identity);
  const thing = cloudIdOf(identity);
  const view = (): HubLinkView => ({
    thing,
    tenantId: identity.tenantId,
    hub: upstream ? hubStateOf(system) : 'none',
    outbox: { messages: outbox.pending.items, bytes: outbox.pending.bytes, dropped: outbox.dropped },
  });
  return {
    types: [
      {
        ...hubLinkType,
        machine: hubLinkMachine.provide({
          actors: { forward: effect<void, void>(({ signal }) => outbox.forward(signal)) },
        }),
        durability: 'durable',
        eager: true,
        idleAfterMs: 'never',
        outputs: { 'mqtt.publish': publishLocally },
        // HL-3: past the bound of the inbox the link leaves the hub, which keeps the rest.
        defer: ({ value }, { type }) => type === 'TO.VEHICLE' && (value as { vehicle?: unknown }).vehicle === 'away',
      },
    ],
    subscriptions: localSubscriptions(identity, upstream !== undefined, refusals),
    up: toHubLink({ type: 'LOCAL.UP', answer }),
    down: toHubLink({ type: 'LOCAL.DOWN' }),
    clientId: 'fleetchart-hub-link',
    upstream: upstream && {
      ...upstream,
      // Hubs know a vehicle by it.
      clientId: thing,
      clean: false,
      keepAliveS: 60,
      subscriptions: hubSubscriptions(identity, refusals),
      up: toHubLink({ type: 'HUB.UP', answer }),
      down: toHubLink({ type: 'HUB.DOWN' }),
    },
    child: system.child(HUB_LINK, {}),
    view,
    routes: (app) => {
      app.get('/api/v1/hub-link', async () => view());
    },
    prepare: async () => {
      if (upstream) await outbox.open();
    },
    close: async () => outbox.close(),
  };
}

function hubStateOf(system: Pick<ActorSystem, 'peek'>): HubLinkView['hub'] {
  const value = system.peek(HUB_LINK)?.value as { hub?: HubLinkView['hub'] } | undefined;
  return value?.hub ?? 'offline';
}

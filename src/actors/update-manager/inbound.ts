/** What the broker brings, as events for the charts (spec 2.2 to 2.4, 9.2, 9.5). */
import { createHash } from 'node:crypto';
import { HONO, readDitto, readInbox, readThingConfig, requestIdOf } from '../../protocols/ditto/index.js';
import {
  decodeEnvelope,
  isApproval,
  parseJson,
  type Refusal,
  type Result,
  readConsentFeedback,
  readDesiredState,
  readFeedback,
  readInventory,
  updateTopics,
} from '../../protocols/update-agent/index.js';
import type { InboundMessage, Subscription, Tell } from '../mqtt-link/index.js';
import { INVENTORY, type InventoryEvent, MANAGER, type ManagerEvent, type OrchestrationSettings } from './events.js';

/** A desired state for the manager. */
export type WishEvent = Extract<ManagerEvent, { readonly type: 'DESIRED_STATE' }>;

/** Told of each message that is not read: these are dropped in silence otherwise (UM-MSG-4). */
export type Refused = (topic: string, reason: string, detail: string) => void;

const toManager = (event: ManagerEvent): readonly Tell[] => [{ to: MANAGER, event }];
const toInventory = (event: InventoryEvent): readonly Tell[] => [{ to: INVENTORY, event }];
const digestOf = (payload: Uint8Array): string => createHash('sha256').update(payload).digest('base64');

/** A desired state in its envelope, whichever way it comes. */
export function readWish(payload: Uint8Array): Result<WishEvent> {
  const read = decodeEnvelope(payload, readDesiredState);
  if (!read.ok) return read;
  const { activityId, payload: desiredState = {} } = read.value;
  return { ok: true, value: { type: 'DESIRED_STATE', activityId, desiredState, digest: digestOf(payload) } };
}

export function managerSubscriptions(
  { domain, thingsEnabled, agents }: Pick<OrchestrationSettings, 'domain' | 'thingsEnabled' | 'agents'>,
  refused: Refused,
): Subscription[] {
  const subscribe = (filter: string, read: Subscription['read']): Subscription => ({
    filter,
    qos: 1,
    read,
  });
  const refuse = (topic: string, { code, detail }: Pick<Refusal, 'code' | 'detail'>): undefined => {
    refused(topic, code, detail);
  };

  const ofAgents = Object.keys(agents).flatMap((agent) => {
    const topics = updateTopics(agent);
    return [
      subscribe(topics.currentState, ({ topic, payload }) => {
        const read = decodeEnvelope(payload, readInventory);
        if (!read.ok) return refuse(topic, read.error);
        const { activityId, timestamp, payload: inventory = {} } = read.value;
        return toInventory({ type: 'INVENTORY', domain: agent, activityId, timestamp, inventory });
      }),
      subscribe(topics.feedback, ({ topic, payload }) => {
        const read = decodeEnvelope(payload, readFeedback);
        if (!read.ok) return refuse(topic, read.error);
        const { activityId, payload: feedback = {} } = read.value;
        return toManager({ type: 'FEEDBACK', domain: agent, activityId, feedback });
      }),
    ];
  });

  if (thingsEnabled) {
    const ofThing = subscribe(HONO.thingResponse, ({ topic, payload }) => {
      const read = readThingConfig(payload);
      return read.ok ? toManager({ type: 'THING_CONFIG', config: read.value }) : refuse(topic, read.error);
    });
    const ofCloud = subscribe(HONO.requests, (message) => {
      const event = readRequest(message);
      if (event === undefined)
        return refuse(message.topic, { code: 'wrong_type', detail: 'no message of this feature' });
      return toManager(event);
    });
    return [...ofAgents, ofCloud, ofThing];
  }

  const topics = updateTopics(domain);
  const ofBackend = [
    subscribe(topics.desiredState, ({ topic, payload }) => {
      const read = readWish(payload);
      if (read.ok) return toManager(read.value);
      const { activityId, detail } = read.error;
      refuse(topic, read.error);
      return activityId === undefined ? undefined : toManager({ type: 'UNREADABLE', activityId, detail });
    }),
    subscribe(topics.currentStateGet, ({ topic, payload }) => {
      const read = decodeEnvelope(payload, () => undefined);
      if (!read.ok) return refuse(topic, read.error);
      return toInventory({ type: 'READ', activityId: read.value.activityId });
    }),
    subscribe(topics.consentFeedback, ({ topic, payload }) => {
      const read = decodeEnvelope(payload, readConsentFeedback);
      if (!read.ok) return refuse(topic, read.error);
      const { activityId, payload: answer = {} } = read.value;
      return toManager({ type: 'CONSENT', activityId, isApproved: isApproval(answer) });
    }),
  ];
  return [...ofAgents, ...ofBackend];
}

/** A message to the feature's inbox; undefined if it is none, which gets no reply. */
function readRequest({ topic, payload }: InboundMessage): ManagerEvent | undefined {
  const parsed = parseJson(payload);
  const ditto = parsed.ok ? readDitto(parsed.value) : parsed;
  const inbox = ditto.ok ? readInbox(ditto.value) : undefined;
  if (!ditto.ok || !inbox) return undefined;
  const { thing, correlationId, isResponseRequired } = ditto.value;
  const operation = inbox.operation === 'refused' ? inbox.of : inbox.operation;
  const asker = { thing, operation, correlationId, isResponseRequired, requestId: requestIdOf(topic) };
  switch (inbox.operation) {
    case 'apply': {
      const { activityId, desiredState } = inbox;
      return { type: 'DESIRED_STATE', activityId, desiredState, digest: digestOf(payload), asker };
    }
    case 'refresh':
      return { type: 'REFRESH', activityId: inbox.activityId, asker };
    case 'consent':
      return { type: 'CONSENT', activityId: inbox.activityId, isApproved: isApproval(inbox.feedback), asker };
    case 'refused':
      return { type: 'REFUSED', problem: inbox.problem, asker };
  }
}

/** What the agent publishes (CUA-2, CUA-18, CUA-21). */
import { type Action, encodeEnvelope, type Inventory, updateTopics } from '../update-agent/index.js';
import { componentId, type UpdateAction } from './operation.js';

export interface Feedback {
  /** Of CUA-31, and `SUPERSEDED`. */
  readonly status: string;
  readonly baseline?: string;
  readonly message?: string;
}

/** A message for the broker; the MQTT link carries it out. */
export interface Publication {
  readonly type: 'mqtt.publish';
  readonly topic: string;
  readonly payload: string;
  readonly qos: 1;
  readonly retain: boolean;
}

export interface Heading {
  readonly domain: string;
  readonly activityId: string;
  /** Epoch milliseconds. */
  readonly timestamp: number;
}

const shown = (domain: string, { name, version, status, message, progress }: UpdateAction): Action => ({
  component: { id: componentId(domain, name), version },
  status,
  ...(progress === undefined || status !== 'DOWNLOADING' ? {} : { progress }),
  message,
});

/** Empty members are left out, an empty list of actions among them (CUA-20). */
export function feedbackPublication(
  { domain, activityId, timestamp }: Heading,
  { status, baseline, message }: Feedback,
  actions: readonly UpdateAction[] = [],
): Publication {
  const payload = { baseline, status, message, actions: actions.map((action) => shown(domain, action)) };
  return {
    type: 'mqtt.publish',
    topic: updateTopics(domain).feedback,
    payload: encodeEnvelope(activityId, timestamp, payload),
    qos: 1,
    retain: false,
  };
}

/** The inventory, which the broker keeps for whoever comes later (CUA-1). */
export function currentStatePublication({ domain, activityId, timestamp }: Heading, inventory: Inventory): Publication {
  return {
    type: 'mqtt.publish',
    topic: updateTopics(domain).currentState,
    payload: encodeEnvelope(activityId, timestamp, inventory),
    qos: 1,
    retain: true,
  };
}

/** For people who wonder why nothing happens: the agent goes on when it is told to, and not before (CUA-22). */
export const WAITING_FOR_COMMANDS = 'waiting for commands';

import {
  consentMessage,
  feedbackMessage,
  HONO,
  propertiesMessage,
  type Question,
  registration,
  replyMessage,
  responseTopic,
  type ThingId,
} from '../ditto/index.js';
import {
  type Command,
  type DesiredState,
  type DesiredStateFeedback,
  encodeEnvelope,
  type Inventory,
  type PhaseCommand,
  updateTopics,
} from '../update-agent/index.js';

/** A message for the broker; the MQTT link carries it out. */
export interface Publication {
  readonly type: 'mqtt.publish';
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** How the backend is reached: by plain topics, or as a feature of a thing (spec 9), once its id is known. */
export interface Backend {
  /** The manager's domain. */
  readonly domain: string;
  readonly isThings: boolean;
  readonly thing: ThingId | null;
}

/** When a message is made, and for which activity. */
export interface Heading {
  readonly activityId: string;
  readonly timestamp: number;
}

const publication = (topic: string, payload: string, retain = false): Publication => ({
  type: 'mqtt.publish',
  topic,
  payload,
  qos: 1,
  retain,
});

/** To an agent. */
export const desiredStateFor = (domain: string, heading: Heading, state: DesiredState): Publication =>
  publication(updateTopics(domain).desiredState, encodeEnvelope(heading.activityId, heading.timestamp, state));

export const commandFor = (domain: string, heading: Heading, command: Command): Publication =>
  publication(updateTopics(domain).command, encodeEnvelope(heading.activityId, heading.timestamp, { command }));

export const currentStateGetFor = (domain: string, heading: Heading): Publication =>
  publication(updateTopics(domain).currentStateGet, encodeEnvelope(heading.activityId, heading.timestamp, null));

/** To the backend; nothing while the thing's id is not known. */
export function feedbackPublication(
  backend: Backend,
  { activityId, timestamp }: Heading,
  feedback: DesiredStateFeedback,
): Publication[] {
  const { domain, isThings, thing } = backend;
  if (!isThings) return [publication(updateTopics(domain).feedback, encodeEnvelope(activityId, timestamp, feedback))];
  return thing ? [publication(HONO.event, feedbackMessage(thing, { activityId, timestamp, payload: feedback }))] : [];
}

/** Retained where it is plain (UM-CON-6). */
export function currentStatePublication(
  { domain, isThings, thing }: Backend,
  { activityId, timestamp }: Heading,
  inventory: Inventory,
): Publication[] {
  if (!isThings) {
    return [publication(updateTopics(domain).currentState, encodeEnvelope(activityId, timestamp, inventory), true)];
  }
  const message = { activityId, timestamp, payload: inventory };
  return thing ? [publication(HONO.event, propertiesMessage(thing, domain, message))] : [];
}

export function consentPublication(
  { domain, isThings, thing }: Backend,
  { activityId, timestamp }: Heading,
  command: PhaseCommand,
  correlationId: string,
): Publication[] {
  if (!isThings) {
    return [publication(updateTopics(domain).consent, encodeEnvelope(activityId, timestamp, { command }))];
  }
  const message = { activityId, timestamp, payload: { command } };
  return thing ? [publication(HONO.event, consentMessage(thing, message, correlationId))] : [];
}

/** To the cloud connector. */
export const thingRequest: Publication = publication(HONO.thingRequest, '');

export const registrationPublication = (thing: ThingId, domain: string): Publication =>
  publication(HONO.event, registration(thing, domain));

/** A question from the cloud, with where its answer goes, if one is wanted (UM-TH-5). */
export interface Asker extends Question {
  readonly requestId: string;
  readonly isResponseRequired: boolean;
}

export function replyPublication(asker: Asker, problem?: string): Publication[] {
  if (!asker.isResponseRequired) return [];
  const topic = responseTopic(asker.requestId, problem === undefined ? 204 : 400);
  return [publication(topic, replyMessage(asker, problem))];
}

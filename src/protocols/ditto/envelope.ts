import { flag, integer, type Member, objectOf, type Result, readAs, text } from '../update-agent/index.js';

/** A thing's id: the namespace is what stands before the first colon (UM-TH-3). */
export interface ThingId {
  readonly namespace: string;
  readonly name: string;
}

export function parseThingId(id: string): ThingId | undefined {
  const colon = id.indexOf(':');
  return colon < 0 ? undefined : { namespace: id.slice(0, colon), name: id.slice(colon + 1) };
}

export const sameThing = (one: ThingId, other: ThingId): boolean =>
  one.namespace === other.namespace && one.name === other.name;

/** What is read of a Ditto protocol message (spec 9.3). */
export interface DittoEnvelope {
  readonly thing: ThingId;
  /** What follows the id in the topic: `things/live/messages/apply`. */
  readonly channel: string;
  readonly path: string;
  readonly isResponseRequired: boolean;
  readonly correlationId: string;
  readonly value: unknown;
  readonly status: number;
}

const TOPIC = /^([^/]*)\/([^/]+)\/((?:things|policies)\/.+)$/;

/** What any message of the protocol is made of, as it stands there; empty or `undefined` where it is not. */
export interface DittoMembers {
  readonly topic: string;
  readonly path: string;
  /** `undefined` where the headers do not say. */
  readonly isResponseRequired: boolean | undefined;
  readonly correlationId: string;
  readonly contentType: string;
  /** `undefined` for `null`, too. */
  readonly value: unknown;
  readonly status: number;
}

const readHeaders = objectOf((member: Member) => ({
  isResponseRequired: member('response-required', (value, path) => (isAbsent(value) ? undefined : flag(value, path))),
  correlationId: member('correlation-id', text),
  contentType: member('content-type', text),
}));

const isAbsent = (value: unknown): value is null | undefined => value === null || value === undefined;

const readEnvelope = objectOf((member: Member) => ({
  topic: member('topic', text),
  path: member('path', text),
  headers: member('headers', readHeaders),
  value: member('value', (value: unknown) => value ?? undefined),
  status: member('status', integer(0, 999)),
}));

/** Reads parsed JSON, whatever its topic is. */
export function readDittoMembers(message: unknown): Result<DittoMembers> {
  const read = readAs(message, readEnvelope);
  if (!read.ok) return read;
  const { topic = '', path = '', headers, value, status = 0 } = read.value ?? {};
  const { isResponseRequired, correlationId = '', contentType = '' } = headers ?? {};
  return { ok: true, value: { topic, path, isResponseRequired, correlationId, contentType, value, status } };
}

/** Reads parsed JSON; a topic of another form is refused. */
export function readDitto(message: unknown): Result<DittoEnvelope> {
  const read = readDittoMembers(message);
  if (!read.ok) return read;
  const { topic, path, isResponseRequired = false, correlationId, value, status } = read.value;
  const [, namespace = '', name = '', channel = ''] = TOPIC.exec(topic) ?? [];
  if (channel === '') return { ok: false, error: { code: 'wrong_type', detail: `no topic of a thing: ${topic}` } };
  const thing = { namespace, name };
  return { ok: true, value: { thing, channel, path, isResponseRequired, correlationId, value, status } };
}

export interface DittoMessage {
  readonly thing: ThingId;
  readonly channel: string;
  readonly path: string;
  /** Left out of the headers if undefined. */
  readonly isResponseRequired?: boolean;
  readonly correlationId?: string;
  readonly value?: unknown;
  readonly status?: number;
  /** @default whether there is a value */
  readonly hasContentType?: boolean;
}

export function encodeDitto(message: DittoMessage): string {
  const { thing, channel, path, isResponseRequired, correlationId, value, status } = message;
  const hasContentType = message.hasContentType ?? value !== undefined;
  return JSON.stringify({
    topic: `${thing.namespace}/${thing.name}/${channel}`,
    headers: {
      ...(correlationId === undefined ? {} : { 'correlation-id': correlationId }),
      ...(isResponseRequired === undefined ? {} : { 'response-required': isResponseRequired }),
      ...(hasContentType ? { 'content-type': 'application/json' } : {}),
    },
    path,
    value,
    status,
  });
}

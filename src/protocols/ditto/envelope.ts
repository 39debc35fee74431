import { flag, integer, type Member, objectOf, type Read, type Result, readAs, text } from '../update-agent/index.js';

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

const readHeaders: Read<{ isResponseRequired: boolean; correlationId: string } | undefined> = objectOf((member) => ({
  isResponseRequired: member('response-required', flag),
  correlationId: member('correlation-id', text),
}));

const readMembers = objectOf((member: Member) => ({
  topic: member('topic', text),
  path: member('path', text),
  headers: member('headers', readHeaders),
  value: member('value', (value: unknown) => value),
  status: member('status', integer(0, 999)),
}));

/** Reads parsed JSON; a topic of another form is refused. */
export function readDitto(message: unknown): Result<DittoEnvelope> {
  const read = readAs(message, readMembers);
  if (!read.ok) return read;
  const { topic = '', path = '', headers, value, status = 0 } = read.value ?? {};
  const [, namespace = '', name = '', channel = ''] = TOPIC.exec(topic) ?? [];
  if (channel === '') return { ok: false, error: { code: 'wrong_type', detail: `no topic of a thing: ${topic}` } };
  const { isResponseRequired = false, correlationId = '' } = headers ?? {};
  const thing = { namespace, name };
  return { ok: true, value: { thing, channel, path, isResponseRequired, correlationId, value, status } };
}

export interface DittoMessage {
  readonly thing: ThingId;
  readonly channel: string;
  readonly path: string;
  readonly isResponseRequired: boolean;
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
      'response-required': isResponseRequired,
      ...(hasContentType ? { 'content-type': 'application/json' } : {}),
    },
    path,
    value,
    status,
  });
}

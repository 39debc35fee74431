/** What the cloud asks of a feature, checked in the order of THG-10 (THG-9, THG-13). */
import { parseThingId, readDittoMembers, type ThingId } from '../ditto/index.js';
import { parseJson } from '../update-agent/index.js';
import { thingIdOf } from './device.js';
import { containerOf, type FeatureName } from './features.js';
import { type OperationResult, readOperation } from './operations.js';
import { type Asker, type OperationFailure, type Publication, refusal } from './publication.js';

/** Takes the commands of any thing; which one this is, a subscription says. */
export const COMMANDS = 'command//+/req/#';

export const commandFilter = (thing: ThingId): string => `command//${thingIdOf(thing)}/req/#`;

export interface FeatureRequest {
  readonly asker: Asker;
  /** The thing of the Ditto topic, as one id. */
  readonly thingId: string;
  readonly feature: string;
  /** What is to be done, if the thing has the feature. */
  readonly result: OperationResult;
}

export type Inbound =
  | { readonly kind: 'request'; readonly request: FeatureRequest }
  /** A message that is none; `answer` where one can be given. */
  | { readonly kind: 'refused'; readonly thingId: string; readonly detail: string; readonly answer?: Publication }
  /** The cloud's word that the twin changed, or that a change failed: nothing follows (THG-13). */
  | { readonly kind: 'event'; readonly subject: string };

const TOPIC = /^command\/\/([^/]+)\/req\/([^/]*)\/(.+)$/;
const EVENTS: ReadonlySet<string> = new Set(['created', 'modified', 'deleted', 'errors-response']);
const PATH = /^\/features\/([^/]+)\/inbox\/messages\/(.+)$/;
/** Of an answer to what does not say what it is about. */
const NOWHERE = { topic: 'unknown/unknown/things/twin/errors', path: '/' } as const;

/** `undefined` for a topic that is no command's. */
export function readInbound(topic: string, payload: Uint8Array): Inbound | undefined {
  const [, thingId = '', requestId = '', subject = ''] = TOPIC.exec(topic) ?? [];
  if (thingId === '') return undefined;
  if (requestId === '' && EVENTS.has(subject)) return { kind: 'event', subject };
  const refused = (asker: Omit<Asker, 'thingId' | 'requestId'>, detail: string): Inbound => {
    const answer = refusal({ ...asker, thingId, requestId }, { status: 400, message: detail });
    return { kind: 'refused', thingId, detail, ...(answer ? { answer } : {}) };
  };

  const parsed = parseJson(payload);
  const read = parsed.ok ? readDittoMembers(parsed.value) : parsed;
  // Nothing says whether an answer is wanted; who waits for one gets it.
  const hasRequestId = requestId !== '';
  if (!read.ok) return refused({ ...NOWHERE, correlationId: '', isAnswered: hasRequestId }, read.error.detail);

  const message = read.value;
  const { correlationId } = message;
  if (message.topic === '' || message.path === '') {
    const isAnswered = hasRequestId && message.isResponseRequired !== false;
    const missing = message.topic === '' ? 'topic' : 'path';
    return refused({ ...NOWHERE, correlationId, isAnswered }, `${missing} is missing`);
  }
  const isAnswered = hasRequestId && message.isResponseRequired === true;
  const asker = { topic: message.topic, path: message.path, correlationId, isAnswered };
  const problem = problemOf(message);
  if (problem !== undefined) return refused(asker, problem);

  const [namespace = '', name = ''] = message.topic.split('/', 2);
  const [, feature = '', operation = ''] = PATH.exec(message.path) ?? [];
  return {
    kind: 'request',
    request: {
      asker: { ...asker, thingId, requestId },
      thingId: `${namespace}:${name}`,
      feature,
      result: readOperation(feature, operation, message.value),
    },
  };
}

/** Checks three to five. */
function problemOf(message: { topic: string; correlationId: string; contentType: string; value: unknown }) {
  const { topic, correlationId, contentType, value } = message;
  if (topic.split('/').length < 3) return `topic has less than three segments: ${topic}`;
  if (correlationId === '') return 'header correlation-id is missing';
  if (value !== undefined && contentType !== 'application/json') {
    return `content type of a value must be application/json, not ${contentType || 'none'}`;
  }
  if (value === undefined && contentType !== '') return `there is a content type, ${contentType}, but no value`;
  return undefined;
}

/** What a thing has. */
export interface KnownThing {
  readonly thing: ThingId;
  readonly features: readonly FeatureName[];
  /** Ids of containers that have a feature. */
  readonly containers: readonly string[];
}

/** Checks six to eight: what a request is refused with, or `undefined` if it is to be carried out. */
export function problemWith({ thingId, feature, result }: FeatureRequest, known: KnownThing) {
  const problem = (status: OperationFailure['status'], message: string): OperationFailure => ({ status, message });
  if (parseThingId(thingId) === undefined || thingId !== thingIdOf(known.thing)) {
    return problem(404, `there is no thing ${thingId.slice(0, LONGEST_SHOWN)}`);
  }
  const id = containerOf(feature);
  const hasFeature =
    id === undefined
      ? known.features.some((name) => name === feature)
      : known.features.includes('ContainerFactory') && known.containers.includes(id);
  if (!hasFeature) return problem(400, `there is no feature ${feature.slice(0, LONGEST_SHOWN)}`);
  return result.ok ? undefined : result.failure;
}

const LONGEST_SHOWN = 200;

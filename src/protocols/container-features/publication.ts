/** What goes out for the thing: properties, live messages and answers (THG-2, THG-7, THG-8, THG-11, THG-12). */
import { encodeDitto, HONO } from '../ditto/index.js';
import { type Device, thingIdOf } from './device.js';

export interface Publication {
  readonly topic: string;
  readonly payload: string;
}

/** Asks the cloud connector which device this is; it answers to anything. */
export const DEVICE_QUESTION: Publication = {
  topic: HONO.thingRequest,
  payload: JSON.stringify({ topic: '', headers: null, path: '' }),
};

const eventTopic = ({ tenantId, thing }: Device): string => `${HONO.event}/${tenantId}/${thingIdOf(thing)}`;

/** Sets a feature, or the property at a path below it: `status/state`. */
export function modification(device: Device, feature: string, value: unknown, property?: string): Publication {
  return {
    topic: eventTopic(device),
    payload: encodeDitto({
      thing: device.thing,
      channel: 'things/twin/commands/modify',
      path: property === undefined ? `/features/${feature}` : `/features/${feature}/properties/${property}`,
      isResponseRequired: false,
      hasContentType: false,
      value,
    }),
  };
}

export function deletion(device: Device, feature: string): Publication {
  return {
    topic: eventTopic(device),
    payload: encodeDitto({
      thing: device.thing,
      channel: 'things/twin/commands/delete',
      path: `/features/${feature}`,
      isResponseRequired: false,
    }),
  };
}

/** Something that a feature says by itself. */
export function liveMessage(device: Device, feature: string, subject: string, value: unknown): Publication {
  return {
    topic: eventTopic(device),
    payload: encodeDitto({
      thing: device.thing,
      channel: `things/live/messages/${subject}`,
      path: `/features/${feature}/outbox/messages/${subject}`,
      isResponseRequired: false,
      value,
    }),
  };
}

/** Whom to answer, and as what. */
export interface Asker {
  /** As in the MQTT topic of the request. */
  readonly thingId: string;
  readonly requestId: string;
  /** Both as in the request. */
  readonly topic: string;
  readonly path: string;
  readonly correlationId: string;
  /** Whether an answer is wanted, and can be given (THG-11). */
  readonly isAnswered: boolean;
}

export type FailureStatus = 400 | 404 | 500;

export interface OperationFailure {
  readonly status: FailureStatus;
  readonly message: string;
}

const ERRORS: Readonly<Record<FailureStatus, string>> = {
  400: 'messages:parameter.invalid',
  404: 'messages:subject.notfound',
  500: 'messages:execution.failed',
};

/** The answer to an operation that worked: 200 with a value, or 204; `undefined` if none is wanted. */
export function success(asker: Asker, value?: unknown): Publication | undefined {
  return answer(asker, outboxOf(asker.path), value === undefined ? { status: 204 } : { status: 200, value });
}

/** The operation's own failure (THG-12). */
export const failure = (asker: Asker, problem: OperationFailure): Publication | undefined =>
  answer(asker, outboxOf(asker.path), errorOf(problem));

/** What a request that is not carried out is answered with: its own path, as it stands (THG-12). */
export const refusal = (asker: Asker, problem: OperationFailure): Publication | undefined =>
  answer(asker, asker.path, errorOf(problem));

const errorOf = ({ status, message }: OperationFailure) => ({
  status,
  value: { error: ERRORS[status], status, message },
});

const outboxOf = (path: string): string => path.replace('/inbox/', '/outbox/');

function answer(
  { thingId, requestId, topic, correlationId, isAnswered }: Asker,
  path: string,
  { status, value }: { readonly status: number; readonly value?: unknown },
): Publication | undefined {
  if (!isAnswered) return undefined;
  return {
    topic: `command//${thingId}/res/${requestId}/${status}`,
    payload: JSON.stringify({
      topic,
      headers: {
        'correlation-id': correlationId,
        ...(value === undefined ? {} : { 'content-type': 'application/json' }),
      },
      path,
      value,
      status,
    }),
  };
}

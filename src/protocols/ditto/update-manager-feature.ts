import {
  compact,
  type DesiredState,
  type DesiredStateFeedback,
  type Envelope,
  envelopeOf,
  type Inventory,
  type OwnerConsentFeedback,
  type PhaseCommand,
  readAs,
  readConsentFeedback,
  readDesiredState,
} from '../update-agent/index.js';
import { type DittoEnvelope, encodeDitto, type ThingId } from './envelope.js';

/** The feature of a thing that an update manager is (spec 9.4, 9.5). */
const FEATURE = '/features/UpdateManager';
const DEFINITION = 'com.bosch.iot.suite.edge.update:UpdateManager:1.0.0';
const MODIFY = 'things/twin/commands/modify';
const INBOX = `${FEATURE}/inbox/messages/`;

const envelopeBeside = (activityId: string, timestamp: number, content: object) => ({
  activityId,
  timestamp,
  ...(compact(content) as object),
});

export const registration = (thing: ThingId, domain: string): string =>
  encodeDitto({
    thing,
    channel: MODIFY,
    path: FEATURE,
    isResponseRequired: false,
    hasContentType: false,
    value: { definition: [DEFINITION], properties: { domain } },
  });

export const propertiesMessage = (
  thing: ThingId,
  domain: string,
  { activityId, timestamp, payload }: Envelope<Inventory>,
): string =>
  encodeDitto({
    thing,
    channel: MODIFY,
    path: `${FEATURE}/properties`,
    isResponseRequired: false,
    value: envelopeBeside(activityId, timestamp, { domain, inventory: payload }),
  });

export const feedbackMessage = (thing: ThingId, message: Envelope<DesiredStateFeedback>): string =>
  outbox(thing, 'feedback', message, { desiredStateFeedback: message.payload });

export const consentMessage = (
  thing: ThingId,
  message: Envelope<{ readonly command: PhaseCommand }>,
  correlationId: string,
): string => outbox(thing, 'consent', message, { ownerConsent: message.payload }, correlationId);

function outbox(
  thing: ThingId,
  operation: string,
  { activityId, timestamp }: Envelope<unknown>,
  content: object,
  correlationId?: string,
): string {
  return encodeDitto({
    thing,
    channel: `things/live/messages/${operation}`,
    path: `${FEATURE}/outbox/messages/${operation}`,
    isResponseRequired: correlationId !== undefined,
    ...(correlationId === undefined ? {} : { correlationId }),
    value: envelopeBeside(activityId, timestamp, content),
  });
}

/** What an inbox message is answered to, should an answer be wanted. */
export interface Question {
  readonly thing: ThingId;
  readonly operation: string;
  readonly correlationId: string;
}

/** The reply to an inbox message: 204, or 400 with a text. */
export function replyMessage({ thing, operation, correlationId }: Question, problem?: string): string {
  const answer = {
    thing,
    channel: `things/live/messages/${operation}`,
    path: `${FEATURE}/outbox/messages/${operation}`,
    correlationId,
    isResponseRequired: false,
  };
  if (problem === undefined) return encodeDitto({ ...answer, status: 204 });
  const value = { error: 'messages:parameter.invalid', status: 400, message: problem };
  return encodeDitto({ ...answer, value, status: 400 });
}

export type InboxMessage =
  | { readonly operation: 'apply'; readonly activityId: string; readonly desiredState: DesiredState }
  | { readonly operation: 'refresh'; readonly activityId: string }
  | { readonly operation: 'consent'; readonly activityId: string; readonly feedback: OwnerConsentFeedback }
  /** To be answered with 400 and this text. */
  | { readonly operation: 'refused'; readonly of: string; readonly problem: string };

/** Reads what came to the feature's inbox; undefined for what is not for it, which gets no reply. */
export function readInbox({ channel, path, value }: DittoEnvelope): InboxMessage | undefined {
  const operation = path.startsWith(INBOX) ? path.slice(INBOX.length) : '';
  if (channel !== `things/live/messages/${operation}`) return undefined;
  const refused = (problem: string) => ({ operation: 'refused', of: operation, problem }) as const;
  switch (operation) {
    case 'apply': {
      const read = readAs(value, envelopeOf('desiredState', readDesiredState));
      if (!read.ok) return refused(read.error.detail);
      const { activityId, payload } = read.value;
      return payload ? { operation, activityId, desiredState: payload } : refused('desired state is missing');
    }
    case 'refresh': {
      const read = readAs(
        value,
        envelopeOf('', () => undefined),
      );
      return read.ok ? { operation, activityId: read.value.activityId } : refused(read.error.detail);
    }
    case 'consent': {
      const read = readAs(value, envelopeOf('ownerConsentFeedback', readConsentFeedback));
      if (!read.ok) return refused(read.error.detail);
      const { activityId, payload } = read.value;
      return payload ? { operation, activityId, feedback: payload } : refused('owner consent feedback is missing');
    }
    default:
      return undefined;
  }
}

import type { Result } from '../result.js';
import { decodeEnvelope } from './envelope.js';
import type { Identity } from './identity.js';
import { admit, createRateLimit, type RateLimit, type RateLimitRule, SHADOW_RATE_LIMIT } from './rate-limit.js';
import { encodeAck, encodeError } from './reply.js';
import { type Acknowledge, sameBytes, type TopicRules } from './topic-rules.js';
import { type Envelope, NO_BYTES } from './types.js';

/** What decides about the messages of all connections. */
export interface IngestPolicy {
  readonly topics: TopicRules;
  /** Checks and rewrites a payload as its topic demands (section 4.2), with the vin of the certificate. */
  preparePayload(topic: string, payload: Uint8Array, vin: string): Result<Uint8Array>;
  /** Longest message that is processed (FT-WS-5). @default 1000000 */
  readonly maxMessageBytes?: number;
  /** Drops what is over it; without one a shadow limit counts only (FT-RL-4). */
  readonly rateLimit?: RateLimitRule;
  /** Whether a message of unknown type is acknowledged twice, like in the reference (FT-FB-5). @default false */
  readonly doubleAckUnknownType?: boolean;
  /** Whether the sender id is checked on configured topics too (FT-AUTH-2). @default false */
  readonly strictSenderId?: boolean;
}

/** What is known of one connection. Mutable: it holds the connection's rate limit. */
export interface Session {
  readonly identity: Identity;
  readonly rateLimit: RateLimit;
}

interface Judged {
  /** The message was one too many; only counted while the limit is the shadow one (FT-RL-4). */
  readonly isOverLimit: boolean;
  /** The configured topic; of any other the beginning, for logs; `''` if there is none to read. */
  readonly topic: string;
}

interface Answered extends Judged {
  /** A view of the message. */
  readonly txid: Uint8Array;
  /** What to send back. */
  readonly reply: Uint8Array;
}

/**
 * What to do with one message; `reason` is stable, fit for metrics and logs, and names the row of the failure matrix
 * (section 9). Views keep the message alive: who stores a record copies it.
 */
export type Verdict =
  /** Dispatch it; send `reply`, the ack, when `acknowledge` says so and never otherwise (FT-FAIL-11 to 15, 20, 21). */
  | (Answered & {
      readonly kind: 'record';
      readonly reason: 'record';
      readonly payload: Uint8Array;
      /** When the vehicle says it made the message, epoch milliseconds; 0 when it does not say. */
      readonly createdAtMs: number;
      readonly acknowledge: Acknowledge;
    })
  /** Dispatch nothing and send `reply`, an ack, at once, `copies` times (FT-FAIL-5, 6, 9; FT-ACK-6). */
  | (Answered & {
      readonly kind: 'acknowledge';
      readonly reason: 'no_message' | 'unknown_type' | 'unmapped_topic';
      readonly copies: 1 | 2;
      readonly messageType: number;
    })
  /** Dispatch nothing and send `reply`, an error, at once (FT-FAIL-4, 7, 8, 10; FT-ACK-6). */
  | (Answered & {
      readonly kind: 'refuse';
      readonly reason: 'too_big' | 'unreadable' | 'bad_payload' | 'unexpected_sender';
      readonly detail: string;
      /** The beginning of what the message named as its sender, if that is what is wrong. */
      readonly senderId?: string;
    })
  /** Neither dispatch nor answer: the vehicle sends it again (FT-FAIL-16, FT-RL-1, FT-RL-6). */
  | (Judged & { readonly kind: 'drop'; readonly reason: 'rate_limited' });

const ANONYMOUS_ACK = encodeAck(NO_BYTES, NO_BYTES);
const ANONYMOUS_ERROR = encodeError(NO_BYTES);
/** Longest part of unchecked text that a verdict repeats. */
const EXCERPT_BYTES = 64;

/** The session of a new connection; its rate limit starts afresh (section 4.5). */
export function createSession(identity: Identity, policy: IngestPolicy): Session {
  return {
    identity,
    rateLimit: createRateLimit(policy.rateLimit ?? SHADOW_RATE_LIMIT),
  };
}

/**
 * Decides about one binary message that came at `nowMs`: rate limit, size, envelope, topic and sender, payload, in this
 * order. Never throws, and touches nothing but the session's rate limit.
 */
export function judge(message: Uint8Array, session: Session, policy: IngestPolicy, nowMs: number): Verdict {
  const isOverLimit = !admit(session.rateLimit, nowMs);
  if (isOverLimit && policy.rateLimit !== undefined) return dropped(message, policy);
  const { length } = message;
  const limit = policy.maxMessageBytes ?? 1_000_000;
  if (length > limit) return anonymousRefusal('too_big', `${length} bytes are over the limit of ${limit}`, isOverLimit);

  const decoded = decodeEnvelope(message);
  if (!decoded.ok) return anonymousRefusal('unreadable', decoded.error.detail, isOverLimit);
  const envelope = decoded.value;
  if (envelope.kind !== 'stream') return unknownType(envelope, policy, isOverLimit);

  const { txid, stream } = envelope;
  const rule = policy.topics.find(envelope.topic);
  const topic = rule?.topic ?? excerpt(envelope.topic);
  if ((rule === undefined || policy.strictSenderId === true) && !isSender(session, stream.senderId)) {
    const senderId = excerpt(stream.senderId);
    const detail = `sender id ${JSON.stringify(senderId)} is not ${session.identity.senderId}`;
    const reply = encodeError(txid);
    return { kind: 'refuse', reason: 'unexpected_sender', isOverLimit, topic, txid, reply, detail, senderId };
  }
  // Payloads are checked by the name of the topic even where nothing is dispatched (section 4.2).
  const prepared = policy.preparePayload(topic, stream.payload, session.identity.deviceId);
  if (!prepared.ok) {
    const detail = `${prepared.error.code}: ${prepared.error.detail}`;
    return { kind: 'refuse', reason: 'bad_payload', isOverLimit, topic, txid, reply: encodeError(txid), detail };
  }
  const reply = encodeAck(txid, envelope.topic);
  if (rule === undefined) {
    const { messageType } = envelope;
    const reason = 'unmapped_topic';
    return { kind: 'acknowledge', reason, isOverLimit, topic, txid, reply, copies: 1, messageType };
  }
  return {
    kind: 'record',
    reason: 'record',
    isOverLimit,
    topic,
    txid,
    reply,
    payload: prepared.value,
    createdAtMs: stream.createdAt * 1000,
    acknowledge: rule.acknowledge,
  };
}

/** The topic is read for the metric alone, and only a configured one, so that a vehicle cannot make up labels (FT-RL-5). */
function dropped(message: Uint8Array, policy: IngestPolicy): Verdict {
  const decoded = decodeEnvelope(message);
  const topic = (decoded.ok ? policy.topics.find(decoded.value.topic)?.topic : undefined) ?? '';
  return { kind: 'drop', reason: 'rate_limited', isOverLimit: true, topic };
}

function anonymousRefusal(reason: 'too_big' | 'unreadable', detail: string, isOverLimit: boolean): Verdict {
  return { kind: 'refuse', reason, isOverLimit, topic: '', txid: NO_BYTES, reply: ANONYMOUS_ERROR, detail };
}

/** Acknowledged without topic (FT-FB-5): a vehicle would only repeat what this server cannot know. */
function unknownType(envelope: Envelope, policy: IngestPolicy, isOverLimit: boolean): Verdict {
  const { txid, messageType } = envelope;
  const isEmpty = envelope.kind === 'empty';
  return {
    kind: 'acknowledge',
    reason: isEmpty ? 'no_message' : 'unknown_type',
    isOverLimit,
    topic: '',
    txid,
    reply: isEmpty ? ANONYMOUS_ACK : encodeAck(txid, NO_BYTES),
    copies: policy.doubleAckUnknownType === true ? 2 : 1,
    messageType,
  };
}

/** A message may carry either id of its connection (FT-AUTH-2). */
function isSender({ identity }: Session, senderId: Uint8Array): boolean {
  return isText(senderId, identity.senderId) || isText(senderId, identity.deviceId);
}

const isText = (bytes: Uint8Array, text: string): boolean => sameBytes(bytes, Buffer.from(text, 'utf8'));

function excerpt(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, EXCERPT_BYTES)).toString('utf8');
}

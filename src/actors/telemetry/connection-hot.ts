import {
  createSession,
  decodedJson,
  type Excess,
  type IngestPolicy,
  isKnownTopic,
  judge,
  NO_BYTES,
  noExcess,
  preparePayload,
  refused,
  type Session,
  TopicRules,
  transactionCounter,
  type Verdict,
} from '../../protocols/fleet-telemetry/index.js';
import { type HotResult, hotLogic, type LogAppend } from '../../runtime/index.js';
import { encodeRecord } from '../dispatch/index.js';
import { type ConnectionInput, type IngestSettings, PASSED_OVER, waitsForNote } from './events.js';
import { resendKey } from './resend-key.js';

/** The spool that records go to. */
export const SPOOL = 'telemetry';

/** What came of one message, for the connection's socket, counters and log. */
export interface IngestReply {
  readonly verdict: Verdict;
  /** Length of the message, bytes. */
  readonly size: number;
  /** Of the socket that it came over. */
  readonly socketId: string;
  /** Of a record that may come again (FT-ACK-3). */
  readonly key?: string | undefined;
}

interface ConnectionState {
  readonly input: ConnectionInput;
  readonly session: Session;
  isThrottled: boolean;
  readonly excess: Excess;
  /** It was said that the excess goes on for too long: that ends the connection. */
  isEnding: boolean;
}

/** A policy is made once for all connections that share the settings object. */
const policies = new WeakMap<IngestSettings, IngestPolicy>();

function policyOf(settings: IngestSettings): IngestPolicy {
  const known = policies.get(settings);
  if (known) return known;
  const policy: IngestPolicy = {
    topics: new TopicRules({
      topics: Object.keys(settings.routes),
      ackWhen: settings.ackWhen,
      reliableAckSources: settings.reliableAckSources,
    }),
    preparePayload: settings.transmitDecodedRecords ? prepareDecodable : preparePayload,
    maxMessageBytes: settings.maxMessageBytes,
    ...(settings.rateLimit ? { rateLimit: settings.rateLimit } : {}),
    doubleAckUnknownType: settings.doubleAckUnknownType,
    strictSenderId: settings.strictSenderId,
  };
  policies.set(settings, policy);
  return policy;
}

/**
 * Where records are passed on as JSON, one whose message has no JSON form is refused before it is stored (FT-JS-6);
 * topics without a message pass as they are (FT-TX-6).
 */
const prepareDecodable: IngestPolicy['preparePayload'] = (topic, payload, vin) => {
  const prepared = preparePayload(topic, payload, vin);
  if (!prepared.ok || !isKnownTopic(topic)) return prepared;
  const json = decodedJson(topic, prepared.value);
  return json.ok ? prepared : json;
};

/** Judges each message of a connection (FT-WS-10: in order), spools records, and says what to answer. */
export const connectionHot = hotLogic<ConnectionState, Uint8Array>({
  initial: (input) => {
    const connection = input as ConnectionInput;
    const policy = policyOf(connection.settings);
    const session = createSession(connection.identity, policy);
    return { input: connection, session, isThrottled: false, excess: noExcess(), isEnding: false };
  },
  on: (state, message, at) => {
    const { input, session } = state;
    const policy = policyOf(input.settings);
    const verdict = judge(message, session, policy, at);
    const event = limitEvent(state, verdict, at);
    const size = message.length;
    const { socketId } = input;
    if (verdict.kind !== 'record') {
      const reply: IngestReply = { verdict, size, socketId };
      const append = verdict.kind === 'acknowledge' ? passedOver(input, latin1(verdict.txid), at) : undefined;
      const replyWhen = waitsForNote(verdict, input.settings) ? 'stored' : 'now';
      return { reply, ...(append && { append, replyWhen }), ...(event && { event }) };
    }
    const payload = encodeRecord({
      type: verdict.topic,
      vehicle: input.identity.deviceId,
      at: verdict.createdAtMs,
      receivedAt: at,
      // A txid is opaque bytes (FT-AUTH-5): one character each, so that an ack can repeat them.
      metadata: { txid: latin1(verdict.txid), device_client_version: input.clientVersion },
      origin: input.connectionId,
      payload: verdict.payload,
    });
    const { routes, reliableAckSources } = input.settings;
    const key = resendKey(input.identity.deviceId, verdict.topic, verdict.txid, verdict.payload);
    const once = key && { key, source: input.connectionId, until: reliableAckSources[verdict.topic] };
    const append = { log: SPOOL, payload, readers: routes[verdict.topic] ?? [], ...(once && { once }) };
    const reply: IngestReply = { verdict, size, socketId, key };
    const result: HotResult = { reply, append, replyWhen: verdict.acknowledge === 'received' ? 'now' : 'stored' };
    return event ? { ...result, event } : result;
  },
});

/**
 * The vehicle has counted the message (FT-CLI-2), so the follower must know that it came, as long as it knows of the
 * records around it: it stands between them.
 */
function passedOver(
  { identity, connectionId, settings }: ConnectionInput,
  txid: string,
  at: number,
): LogAppend | undefined {
  const { follower } = settings;
  if (follower === undefined || !transactionCounter(txid)) return undefined;
  const payload = encodeRecord({
    type: PASSED_OVER,
    vehicle: identity.deviceId,
    at: 0,
    receivedAt: at,
    metadata: { txid },
    origin: connectionId,
    payload: NO_BYTES,
  });
  return { log: SPOOL, payload, readers: [follower] };
}

/** The chart hears when dropping begins, when it ends and when it has gone on for too long, not of each message. */
function limitEvent(state: ConnectionState, verdict: Verdict, at: number): HotResult['event'] {
  const isThrottled = verdict.kind === 'drop';
  if (isThrottled && isTooLong(state, at)) {
    state.isEnding = true;
    return { type: 'LIMIT_EXCEEDED_TOO_LONG' };
  }
  if (isThrottled === state.isThrottled) return undefined;
  state.isThrottled = isThrottled;
  return { type: isThrottled ? 'LIMIT_EXCEEDED' : 'WITHIN_LIMIT' };
}

/** FT-RL-6. */
function isTooLong({ input, session, excess, isEnding }: ConnectionState, at: number): boolean {
  const closeAfterMs = input.settings.rateLimit?.closeAfterMs;
  if (closeAfterMs === undefined || isEnding) return false;
  return refused(excess, at, session.rateLimit.intervalMs) >= closeAfterMs;
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

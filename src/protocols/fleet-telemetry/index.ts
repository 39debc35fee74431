export type { Failure, Result } from '../result.js';
export {
  type ClientConfig,
  type ClientConfigCheck,
  type ClientConfigFinding,
  type ClientConfigSurroundings,
  type ClientField,
  checkClientConfig,
  STREAMABLE_FIELDS,
} from './client-config.js';
export { connectionIdFrom } from './connection-id.js';
export { decodeEnvelope } from './envelope.js';
export { FIELD_NAMES, fieldName, fieldNumber } from './field-names.js';
export { answerRequest, type HttpAnswer, type HttpRequestFacts } from './http-surface.js';
export {
  type CertificateFacts,
  type Identity,
  type IdentityAdditions,
  type IdentityFailure,
  type IdentityTables,
  identify,
  TESLA_IDENTITY_TABLES,
  withIdentityAdditions,
} from './identity.js';
export { type LogForm, type LogRecord, logText } from './log-form.js';
export {
  admit,
  createRateLimit,
  type Excess,
  noExcess,
  type RateLimit,
  type RateLimitRule,
  refused,
  SHADOW_RATE_LIMIT,
} from './rate-limit.js';
export {
  type AlertInput,
  type ConnectivityInput,
  type DatumInput,
  decodedJson,
  decodedPayload,
  type ErrorInput,
  encodeAlerts,
  encodeConnectivity,
  encodeErrors,
  encodeVehicleData,
  isKnownTopic,
  logLines,
  mqttMessages,
  preparePayload,
  signalCount,
  type ValueInput,
} from './records.js';
export { subscriberSet, topicName, vinChannel } from './redis-channels.js';
export { encodeAck, encodeError } from './reply.js';
export type { TelemetrySettings } from './server-settings.js';
export { shortenedValue } from './shortened-value.js';
export { readSignal, type SignalReading } from './signal-reading.js';
export { SignalScan } from './signal-scan.js';
export {
  decodeReply,
  encodeStream,
  type Octets,
  type Reply,
  type StreamMessage,
  transactionId,
  vehicleMessage,
} from './stream.js';
export { type Acknowledge, type TopicOptions, type TopicRule, TopicRules } from './topic-rules.js';
export { counterDistance, type TransactionCounter, transactionCounter } from './transaction-counter.js';
export { type Envelope, MESSAGE_TYPE, NO_BYTES, type Stream } from './types.js';
export { type AlertNotice, alertNotices, type ErrorNotice, errorNotices } from './vehicle-notices.js';
export type { LastValuesSettings, PresenceSettings } from './vehicles-settings.js';
export {
  createSession,
  type IngestPolicy,
  judge,
  type Session,
  type Verdict,
} from './verdict.js';

import { type FleetRecord, type RefusedRecord, type StreamPlace, TopicError } from './actors/dispatch/index.js';
import type { ErrorSink } from './actors/error-reports/index.js';
import { recordTopic } from './actors/telemetry/index.js';
import type { LogLines, TelemetrySettings } from './protocols/fleet-telemetry/server-settings.js';
import { type Clock, type Logger, PeerLines, RepeatedFailures } from './runtime/index.js';

export interface DispatcherLogOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  /** Whose names the lines have. */
  readonly lines: LogLines;
  /** Where errors are reported beside the log (spec 8.4). */
  readonly errors: ErrorSink;
  /** The first part of the names of topics. @default empty */
  readonly namespace?: string | undefined;
}

/** The reference's names of lines about failures, where they are not `NAME_err`. */
const FAILURES: Readonly<Record<string, string>> = { mqtt: 'mqtt_publish_error', zmq: 'zmq_dispatch_error' };
/** And about single records that a destination does not take. */
const REFUSALS: Readonly<Record<string, string>> = { mqtt: 'mqtt_process_payload_error', zmq: 'zmq_dispatch_error' };
/** Those of them that have names of their own, by dispatcher and the code of the reason. */
const NAMED_REFUSALS: Readonly<Record<string, string>> = {
  'mqtt PAYLOAD_TOPIC_UNKNOWN': 'mqtt_unknown_payload_type',
  'kinesis DISPATCH_KINESIS_STREAM_UNNAMED': 'kinesis_produce_stream_not_configured',
};
/** Those at which a record has a topic that its namespace and type name. */
const TOPICAL = new Set(['kafka', 'pubsub', 'zmq']);
/** Those whose readiness the reference has a line for. */
const REGISTERED = new Set(['kafka', 'pubsub', 'redis']);

const failureLine = (dispatcher: string, error: Error): string =>
  error instanceof TopicError ? `${dispatcher}_topic_creation_error` : (FAILURES[dispatcher] ?? `${dispatcher}_err`);

const refusalLine = (dispatcher: string, reason: string): string =>
  NAMED_REFUSALS[`${dispatcher} ${reason.split(':', 1)[0]}`] ?? REFUSALS[dispatcher] ?? `${dispatcher}_err`;

/** Of a destination's reasons, whose first word may be its own. */
const MOST_REASONS = 1_024;
/** Of a vehicle's own text on a line. */
const LONGEST_TEXT = 128;

/** Whose record it is, and which. */
const factsOf = ({ type, vehicle, metadata }: FleetRecord) => ({
  record_type: type,
  txid: metadata['txid']?.slice(0, LONGEST_TEXT),
  vin: vehicle,
});

/** Lines about dispatchers, under our names or the reference's (spec 8.3), and reports of the errors among them. */
export class DispatcherLog {
  private readonly isReference: boolean;
  private readonly failures = new Map<string, RepeatedFailures>();
  private readonly refusals: PeerLines;
  /** The same for lines under our names, of which a destination has one a minute for each kind of reason. */
  private readonly ownRefusals: PeerLines;
  private readonly topics: PeerLines;
  /** Those whose failure was told, and nothing since. */
  private readonly down = new Set<string>();

  constructor(private readonly options: DispatcherLogOptions) {
    this.isReference = options.lines === 'reference';
    this.refusals = new PeerLines({ clock: options.clock, perMinute: 1 });
    this.ownRefusals = new PeerLines({ clock: options.clock, perMinute: 1, capacity: MOST_REASONS });
    this.topics = new PeerLines({ clock: options.clock, perMinute: 1 });
  }

  /** A destination is made; whether it can be reached shows later. */
  registered(dispatcher: string, { namespace, dispatchers }: TelemetrySettings): void {
    if (!this.isReference || !REGISTERED.has(dispatcher)) return;
    const { publishVinTopics, subscriberSetPrefix } = dispatchers.redis ?? {};
    const fields = { publish_vin_topics: publishVinTopics, subscriber_set_prefix: subscriberSetPrefix };
    const project = dispatcher === 'pubsub' ? { project: dispatchers.pubsub?.projectId } : {};
    const own = dispatcher === 'redis' ? fields : project;
    this.options.logger.info({ namespace, ...own }, `${dispatcher}_registered`);
  }

  /** A topic of a dispatcher is there. The reference says so of each, ours are told if they were made. */
  topicFound(dispatcher: string, recordType: string, topic: string, isMade: boolean): void {
    if (!this.isReference && !isMade) return;
    if (this.topics.tell(`${dispatcher} ${topic}`) === undefined) return;
    const { logger } = this.options;
    if (this.isReference) logger.info({ topic_name: topic, txType: recordType }, `${dispatcher}_topic_created`);
    else logger.info({ dispatcher, topic }, 'dispatcher_topic_made');
  }

  /** A record is in its stream; in detail only. */
  placed(dispatcher: string, record: FleetRecord, { shardId, sequenceNumber }: StreamPlace): void {
    const { logger } = this.options;
    if (!this.isReference || !logger.isEnabled('debug')) return;
    const place = { shard_id: shardId, sequence_number: sequenceNumber };
    logger.debug({ ...factsOf(record), ...place }, `${dispatcher}_message_dispatched`);
  }

  /** A destination cannot be reached or is lost; it is tried again. Once a minute for each kind of error. */
  failed(dispatcher: string, error: Error): void {
    const line = failureLine(dispatcher, error);
    const topic = error instanceof TopicError ? { topic_name: error.topic, txType: error.recordType } : {};
    const fields = { dispatcher, ...topic };
    if (!this.failuresOf(this.isReference ? line : 'dispatcher_failed').tell(dispatcher, fields, error)) return;
    this.down.add(dispatcher);
    this.report(line, error.message, { ...fields, code: (error as { code?: unknown }).code });
  }

  /** It has confirmed a record: once after each failure that was told, so no more often than those. */
  confirmed(dispatcher: string): void {
    if (this.down.size === 0 || !this.down.delete(dispatcher)) return;
    this.options.logger.info({ dispatcher }, 'dispatcher_recovered');
  }

  /**
   * A record is never taken there and becomes a dead letter. Once a minute for each vehicle; under our names once a
   * minute for each kind of reason.
   */
  refused(dispatcher: string, { reason, record }: RefusedRecord): void {
    if (dispatcher === 'logger') return;
    if (!this.isReference) this.ownRefused(dispatcher, reason, record);
    const untold = this.refusals.tell(`${dispatcher} ${record?.vehicle ?? ''}`);
    if (untold === undefined) return;
    const message = refusalLine(dispatcher, reason);
    const facts = record ? { ...this.topicOf(dispatcher, record), ...factsOf(record) } : {};
    const fields = { dispatcher, ...facts, ...(untold > 0 ? { repeated: untold } : {}) };
    if (this.isReference) this.options.logger.error({ ...fields, error: reason }, message);
    this.report(message, reason, fields);
  }

  private ownRefused(dispatcher: string, reason: string, record: FleetRecord | undefined): void {
    const untold = this.ownRefusals.tell(`${dispatcher} ${reason.split(':', 1)[0]}`);
    if (untold === undefined) return;
    const fields = { dispatcher, ...(record && factsOf(record)), reason, ...(untold > 0 ? { repeated: untold } : {}) };
    this.options.logger.warn(fields, 'dispatcher_refused');
  }

  private topicOf(dispatcher: string, { type }: FleetRecord): { readonly topic_name?: string } {
    return TOPICAL.has(dispatcher) ? { topic_name: recordTopic(this.options.namespace ?? '', type) } : {};
  }

  /** The process stops, and its dispatchers with it. */
  closing(dispatchers: readonly string[]): void {
    if (!this.isReference) return;
    for (const dispatcher of dispatchers) this.options.logger.info({ dispatcher }, 'attempting_to_close');
  }

  closed(): void {
    if (this.isReference) this.options.logger.info({}, 'stopped_server');
  }

  /** Under the reference's names, and with its parameters, whatever the log has. */
  private report(message: string, error: string, fields: Readonly<Record<string, unknown>>): void {
    const { errors, clock } = this.options;
    const params = { ...fields, log_type: 'error', error };
    errors.report({ at: clock.now(), type: 'dispatcher', message, severity: 'error', params });
  }

  private failuresOf(message: string): RepeatedFailures {
    const { logger, clock } = this.options;
    const level = this.isReference ? 'error' : 'warn';
    const failures = this.failures.get(message) ?? new RepeatedFailures({ logger, clock, message, level });
    this.failures.set(message, failures);
    return failures;
  }
}

import type { RefusedRecord } from './actors/dispatch/index.js';
import type { ErrorSink } from './actors/error-reports/index.js';
import type { LogLines, TelemetrySettings } from './protocols/fleet-telemetry/server-settings.js';
import { type Clock, type Logger, PeerLines, RepeatedFailures } from './runtime/index.js';

export interface DispatcherLogOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  /** Whose names the lines have. */
  readonly lines: LogLines;
  /** Where errors are reported beside the log (spec 8.4). */
  readonly errors: ErrorSink;
}

/** The reference's names of lines about failures, where they are not `NAME_err`. */
const FAILURES: Readonly<Record<string, string>> = { mqtt: 'mqtt_publish_error', zmq: 'zmq_dispatch_error' };
/** And about single records that a destination does not take. */
const REFUSALS: Readonly<Record<string, string>> = { mqtt: 'mqtt_process_payload_error', zmq: 'zmq_dispatch_error' };
/** Those whose readiness the reference has a line for. */
const REGISTERED = new Set(['kafka', 'pubsub', 'redis']);

const failureLine = (dispatcher: string): string => FAILURES[dispatcher] ?? `${dispatcher}_err`;

/** Lines about dispatchers, under our names or the reference's (spec 8.3), and reports of the errors among them. */
export class DispatcherLog {
  private readonly isReference: boolean;
  private readonly failures = new Map<string, RepeatedFailures>();
  private readonly refusals: PeerLines;
  /** Those whose failure was told, and nothing since. */
  private readonly down = new Set<string>();

  constructor(private readonly options: DispatcherLogOptions) {
    this.isReference = options.lines === 'reference';
    this.refusals = new PeerLines({ clock: options.clock, perMinute: 1 });
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

  /** A destination cannot be reached or is lost; it is tried again. Once a minute for each kind of error. */
  failed(dispatcher: string, error: Error): void {
    const failures = this.failures.get(dispatcher) ?? this.failuresOf(dispatcher);
    this.failures.set(dispatcher, failures);
    if (!failures.tell(dispatcher, { dispatcher }, error)) return;
    this.down.add(dispatcher);
    this.report(failureLine(dispatcher), error.message, { dispatcher, code: (error as { code?: unknown }).code });
  }

  /** It has confirmed a record: once after each failure that was told, so no more often than those. */
  confirmed(dispatcher: string): void {
    if (this.down.size === 0 || !this.down.delete(dispatcher)) return;
    this.options.logger.info({ dispatcher }, 'dispatcher_recovered');
  }

  /** A record is never taken there and becomes a dead letter. Once a minute for each vehicle. */
  refused(dispatcher: string, { reason, record }: RefusedRecord): void {
    if (dispatcher === 'logger') return;
    const untold = this.refusals.tell(`${dispatcher} ${record?.vehicle ?? ''}`);
    if (untold === undefined) return;
    const isUnknown = dispatcher === 'mqtt' && reason.startsWith('PAYLOAD_TOPIC_UNKNOWN');
    const message = isUnknown ? 'mqtt_unknown_payload_type' : (REFUSALS[dispatcher] ?? `${dispatcher}_err`);
    const facts = record
      ? { topic_name: record.type, record_type: record.type, txid: record.metadata['txid'], vin: record.vehicle }
      : {};
    const fields = { dispatcher, ...facts, ...(untold > 0 ? { repeated: untold } : {}) };
    if (this.isReference) this.options.logger.error({ ...fields, error: reason }, message);
    this.report(message, reason, fields);
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

  private failuresOf(dispatcher: string): RepeatedFailures {
    const { logger, clock } = this.options;
    return this.isReference
      ? new RepeatedFailures({ logger, clock, message: failureLine(dispatcher), level: 'error' })
      : new RepeatedFailures({ logger, clock, message: 'dispatcher_failed' });
  }
}

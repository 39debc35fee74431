import { signalCount, type Verdict } from '../../protocols/fleet-telemetry/index.js';
import type { TelemetrySettings } from '../../protocols/fleet-telemetry/server-settings.js';
import { type Clock, type HotOutcome, type Logger, type Metrics, Refusals, silentLogger } from '../../runtime/index.js';
import type { IngestBudget } from './ingest-budget.js';
import type { LiveConnection } from './live-connection.js';

/** Label of topics that are no key of `records`: a vehicle must not be able to make up labels. */
const UNMAPPED = 'unmapped';

export interface IngestMetricsOptions {
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Clock;
  /** What counts as a signal (FT-MET-1), and which topics may be labels (FT-RL-5). */
  readonly settings: Pick<TelemetrySettings, 'signalCount' | 'records'>;
  /** How many there are. */
  readonly connections: () => number;
  readonly budget: IngestBudget;
  /** Whether the store takes nothing at the moment. */
  readonly isDegraded: () => boolean;
}

/** Counts ingest under the reference's names (section 8.1) and logs what is refused. */
export class IngestMetrics {
  private readonly records;
  private readonly sizes;
  private readonly dispatches;
  private readonly tooBig;
  private readonly unexpected;
  private readonly unknownType;
  private readonly limited;
  private readonly unstored;
  private readonly resent;
  private readonly reliableAcks;
  private readonly reliableMisses;
  private readonly socketErrors;
  private readonly signals;
  private readonly connectivityDrops;
  private readonly refusals: Refusals;
  private readonly unlogged: Refusals;
  recordsTotal = 0;
  acksTotal = 0;

  constructor(private readonly options: IngestMetricsOptions) {
    const { metrics, logger, clock, connections, budget } = options;
    const byType = { labels: ['record_type'] } as const;
    const counter = (name: string, help: string) => metrics.counter({ name, help });
    const counterByType = (name: string, help: string) => metrics.counter({ name, help, ...byType });
    this.records = counterByType('record_total', 'Records accepted.');
    this.sizes = counterByType('record_size_bytes_total', 'Payload bytes of the records accepted.');
    this.dispatches = counterByType('dispatch_total', 'Records handed to the dispatchers of their topic.');
    this.tooBig = counter('record_too_big_total', 'Messages over the size limit.');
    this.unexpected = counter(
      'unexpected_record_err_total',
      'Records of unconfigured topics with a foreign sender id.',
    );
    this.limited = counterByType('rate_limit_exceeded_total', 'Messages over the rate limit.');
    this.socketErrors = counter('socket_err_total', 'Connections that ended by an error.');
    this.signals = metrics.gauge({
      name: 'signal_count',
      help: 'Signals (topic V) and alerts of the records accepted; only grows.',
      ...byType,
    });
    this.unknownType = metrics.counter({
      name: 'unknown_message_type_error_total',
      help: 'Messages of a type other than a record.',
      labels: ['msg_type'],
    });
    this.unstored = metrics.counter({
      name: 'telemetry_unstored_total',
      help: 'Records that the spool did not take. The vehicle sends them again, unless they are acknowledged on receipt.',
      ...byType,
    });
    this.resent = counterByType(
      'telemetry_resent_total',
      'Records that came again after their connection was lost; they are stored already and not delivered twice.',
    );
    const reliable = { labels: ['record_type', 'dispatcher'] } as const;
    this.reliableAcks = metrics.counter({
      name: 'reliable_ack',
      help: 'Acknowledgements after the confirmation of a dispatcher.',
      ...reliable,
    });
    this.reliableMisses = metrics.counter({
      name: 'reliable_ack_miss',
      help: 'Confirmations whose connection was gone.',
      ...reliable,
    });
    metrics.gauge({
      name: 'num_connections',
      help: 'Connections of vehicles.',
      collect: (gauge) => gauge.set(connections()),
    });
    metrics.gauge({
      name: 'telemetry_in_flight_bytes',
      help: 'Bytes of messages that were received and are not answered yet; see maxInFlightBytes.',
      collect: (gauge) => gauge.set(budget.inFlightBytes),
    });
    metrics.gauge({
      name: 'telemetry_held_connections',
      help: 'Connections that are not read because of maxInFlightBytes.',
      collect: (gauge) => gauge.set(budget.heldConnections),
    });
    this.connectivityDrops = metrics.counter({
      name: 'connectivity_dropped_total',
      help: 'Connectivity records given up because the spool took none for too long.',
    });
    this.refusals = new Refusals({ boundary: 'telemetry', metrics, logger, clock });
    this.unlogged = new Refusals({ boundary: 'telemetry', metrics, logger: silentLogger(), clock });
  }

  judged({ input }: LiveConnection, verdict: Verdict, outcome: HotOutcome): void {
    const { deviceId } = input.identity;
    if (verdict.isOverLimit) this.limited.inc({ record_type: this.labelOf(verdict.topic) });
    switch (verdict.kind) {
      case 'record':
        if (outcome === 'refused') {
          this.notStored(deviceId, verdict.topic);
          return;
        }
        if (outcome !== 'stored') {
          this.resent.inc({ record_type: verdict.topic });
          return;
        }
        this.accepted(verdict.topic, verdict.payload.length);
        this.dispatches.inc({ record_type: verdict.topic });
        // FT-MET-1: the reference counts those over the rate limit alone.
        if (this.options.settings.signalCount === 'every' || verdict.isOverLimit)
          this.countSignals(verdict.topic, verdict.payload);
        return;
      case 'acknowledge':
        if (verdict.reason === 'unmapped_topic') this.accepted(UNMAPPED, 0);
        else this.unknown(deviceId, verdict.messageType);
        return;
      case 'drop':
        this.refusals.refuse(deviceId, verdict.reason, { topic: verdict.topic });
        return;
      case 'refuse':
        if (verdict.reason === 'too_big') this.tooBig.inc();
        if (verdict.reason === 'unexpected_sender') this.unexpected.inc();
        this.refusals.refuse(deviceId, verdict.reason, { topic: verdict.topic, detail: verdict.detail });
        return;
    }
  }

  /** An acknowledgement is on its way. */
  acknowledged(): void {
    this.acksTotal++;
  }

  confirmed(recordType: string, dispatcher: string, isConnected: boolean): void {
    const labels = { record_type: recordType, dispatcher };
    if (isConnected) this.reliableAcks.inc(labels);
    else this.reliableMisses.inc(labels);
  }

  connectivityDropped(records: number): void {
    if (records === 0) return;
    this.connectivityDrops.inc(records);
    this.options.logger.error({ records }, 'connectivity_dropped');
  }

  /** What is no message of the protocol: TLS, HTTP, identity, WebSocket. */
  refused(peer: string, reason: string, fields: Readonly<Record<string, unknown>>): void {
    this.refusals.refuse(peer, reason, fields);
  }

  /** The same where nobody wants to read of it. */
  refusedUnlogged(remote: string, reason: string): void {
    this.unlogged.refuse(remote, reason);
  }

  socketError(connectionId: string, vin: string, reason: string): void {
    this.socketErrors.inc();
    this.options.logger.warn({ txid: connectionId, vin, reason }, 'socket_err');
  }

  /** What a vehicle calls a topic is its own; only the configured ones are labels (FT-RL-5). */
  private labelOf(topic: string): string {
    return this.options.settings.records.has(topic) ? topic : UNMAPPED;
  }

  private accepted(recordType: string, payloadBytes: number): void {
    this.recordsTotal++;
    this.records.inc({ record_type: recordType });
    if (payloadBytes > 0) this.sizes.inc({ record_type: recordType }, payloadBytes);
  }

  private countSignals(topic: string, payload: Uint8Array): void {
    const count = signalCount(topic, payload);
    if (count > 0) this.signals.inc({ record_type: topic }, count);
  }

  private notStored(vin: string, topic: string): void {
    this.unstored.inc({ record_type: topic });
    if (this.options.isDegraded()) {
      this.refusals.refuse(vin, 'store_degraded', { topic, do: 'see the line storage_degraded: is the disk full?' });
    } else {
      this.refusals.refuse(vin, 'spool_full', { topic, do: 'see which dispatcher is behind: GET /api/v1/dispatchers' });
    }
  }

  private unknown(vin: string, messageType: number): void {
    this.accepted('', 0);
    this.unknownType.inc({ msg_type: String.fromCharCode(messageType) });
    this.refusals.refuse(vin, 'unknown_message_type', { messageType });
  }
}

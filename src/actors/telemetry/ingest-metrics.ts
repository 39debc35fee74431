import { signalCount, type Verdict } from '../../protocols/fleet-telemetry/index.js';
import type { LogLines, TelemetrySettings } from '../../protocols/fleet-telemetry/server-settings.js';
import type { Clock, HotOutcome, Logger, Metrics } from '../../runtime/index.js';
import { type ConnectionInput, waitsForNote } from './events.js';
import type { IngestBudget } from './ingest-budget.js';
import { IngestLog } from './ingest-log.js';
import { type CountLimited, countLimited } from './limit-tallies.js';
import type { LiveConnection } from './live-connection.js';
import { type CountedSettings, TopicCounters, type TopicTallies, UNMAPPED } from './topic-tallies.js';

export interface IngestMetricsOptions {
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Clock;
  /** What counts as a signal (FT-MET-1), and which topics and vehicles may be labels (FT-RL-5). */
  readonly settings: CountedSettings & Pick<TelemetrySettings, 'signalCount' | 'rateLimitLabels'>;
  /** How many there are. */
  readonly connections: () => number;
  readonly budget: IngestBudget;
  /** Whose names lines have. @default own */
  readonly lines?: LogLines | undefined;
  /** Whether the store takes nothing at the moment. */
  readonly isDegraded: () => boolean;
}

/** Counts ingest under the reference's names (section 8.1) and logs what is refused. */
export class IngestMetrics {
  private readonly topics: TopicCounters;
  private readonly limited: CountLimited;
  private readonly tooBig;
  private readonly unexpected;
  private readonly unknownType;
  private readonly socketErrors;
  private readonly connectivityDrops;
  readonly log: IngestLog;
  recordsTotal = 0;
  acksTotal = 0;

  constructor(private readonly options: IngestMetricsOptions) {
    const { metrics, logger, clock, settings, connections, budget } = options;
    const counter = (name: string, help: string) => metrics.counter({ name, help });
    this.topics = new TopicCounters(metrics, settings);
    this.limited = countLimited(metrics, settings.rateLimitLabels ?? 'record_type');
    this.tooBig = counter('record_too_big_total', 'Messages over the size limit.');
    this.unexpected = counter(
      'unexpected_record_err_total',
      'Records of unconfigured topics with a foreign sender id.',
    );
    // FT-AUTH-4: it is there for dashboards, and stays 0 as in the reference.
    counter('unauthorized_sender_id_total', 'Always 0: records of foreign senders are unexpected_record_err_total.');
    this.socketErrors = counter('socket_err_total', 'Connections that ended by an error.');
    this.unknownType = metrics.counter({
      name: 'unknown_message_type_error_total',
      help: 'Messages of a type other than a record.',
      labels: ['msg_type'],
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
    this.log = new IngestLog({ metrics, logger, clock, lines: options.lines });
  }

  judged(connection: LiveConnection, verdict: Verdict, outcome: HotOutcome): void {
    const { input } = connection;
    const { deviceId } = input.identity;
    this.limit(connection, verdict);
    switch (verdict.kind) {
      case 'record': {
        const topic = this.topics.of(verdict.topic);
        if (outcome === 'refused') {
          topic.unstored.inc();
          this.notStored(deviceId, verdict.topic);
          return;
        }
        if (outcome !== 'stored') {
          topic.resent.inc();
          return;
        }
        this.accepted(topic, verdict.payload.length);
        topic.dispatches.inc();
        this.log.dispatching(input, verdict);
        // FT-MET-1: the reference counts those over the rate limit alone.
        if (this.options.settings.signalCount === 'every' || verdict.isOverLimit)
          countSignals(topic, deviceId, signalCount(verdict.topic, verdict.payload));
        return;
      }
      case 'acknowledge':
        if (outcome === 'refused' && waitsForNote(verdict, input.settings)) {
          this.topics.of(UNMAPPED).unstored.inc();
          this.notStored(deviceId, UNMAPPED);
          return;
        }
        if (verdict.reason === 'unmapped_topic') this.accepted(this.topics.of(UNMAPPED), 0);
        else this.unknown(input, verdict);
        return;
      case 'drop':
        this.log.dropped(input.identity, verdict.reason, verdict.topic, this.excessOf(connection));
        return;
      case 'refuse':
        if (verdict.reason === 'too_big') this.tooBig.inc();
        if (verdict.reason === 'unexpected_sender') this.unexpected.inc();
        this.log.refusedMessage(input.identity, verdict);
        return;
    }
  }

  /** An acknowledgement is on its way. */
  acknowledged(): void {
    this.acksTotal++;
  }

  /** The reliable source of its topic has confirmed a record. */
  confirmed(recordType: string, isConnected: boolean): void {
    const { reliable } = this.topics.of(recordType);
    reliable?.confirmations.inc();
    if (isConnected) reliable?.acks.inc();
    else reliable?.misses.inc();
  }

  connectivityDropped(records: readonly { readonly deviceId: string; readonly status: string }[]): void {
    if (records.length === 0) return;
    this.connectivityDrops.inc(records.length);
    this.options.logger.error({ records: records.length }, 'connectivity_dropped');
    for (const { deviceId, status } of records) this.log.connectivityLost(deviceId, status);
  }

  socketError(connection: ConnectionInput, reason: string): void {
    this.socketErrors.inc();
    this.log.socketError(connection, reason);
  }

  /** Messages over the limit are counted one by one, and told of together. */
  private limit(connection: LiveConnection, verdict: Verdict): void {
    if (verdict.isOverLimit) {
      this.limited(connection.input.identity.deviceId, this.labelOf(verdict.topic));
      connection.excess ??= { since: this.options.clock.monotonic(), messages: 0 };
      connection.excess.messages++;
    } else if (connection.excess && verdict.kind !== 'drop') {
      this.log.withinLimit(connection.input.identity, verdict.txid, this.excessOf(connection));
      connection.excess = undefined;
    }
  }

  private excessOf({ excess }: LiveConnection): Readonly<Record<string, number>> {
    const since = excess?.since ?? this.options.clock.monotonic();
    const duration_sec = Math.floor((this.options.clock.monotonic() - since) / 1000);
    return { duration_sec, messages_rate_limited: excess?.messages ?? 0 };
  }

  /** What a vehicle calls a topic is its own; only the configured ones are labels (FT-RL-5). */
  private labelOf(topic: string): string {
    return this.options.settings.records.has(topic) ? topic : UNMAPPED;
  }

  private accepted(topic: TopicTallies, payloadBytes: number): void {
    this.recordsTotal++;
    topic.records.inc();
    if (payloadBytes > 0) topic.sizes.add(payloadBytes);
  }

  private notStored(vin: string, topic: string): void {
    if (this.options.isDegraded()) {
      this.log.refused(vin, 'store_degraded', { topic, do: 'see the line storage_degraded: is the disk full?' });
    } else {
      this.log.refused(vin, 'spool_full', { topic, do: 'see which dispatcher is behind: GET /api/v1/dispatchers' });
    }
  }

  private unknown({ identity }: ConnectionInput, verdict: Extract<Verdict, { kind: 'acknowledge' }>): void {
    this.accepted(this.topics.of(''), 0);
    this.unknownType.inc({ msg_type: String.fromCharCode(verdict.messageType) });
    this.log.unknownType(identity, verdict);
  }
}

function countSignals(topic: TopicTallies, vin: string, count: number): void {
  if (count === 0) return;
  topic.signals.add(count);
  topic.signalsOf.get(vin)?.add(count);
}

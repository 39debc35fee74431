import { signalCount, type Verdict } from '../../protocols/fleet-telemetry/index.js';
import type { TelemetrySettings } from '../../protocols/fleet-telemetry/server-settings.js';
import { type Clock, type HotOutcome, type Logger, type Metrics, Refusals, silentLogger } from '../../runtime/index.js';
import type { IngestBudget } from './ingest-budget.js';
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
  private readonly refusals: Refusals;
  private readonly unlogged: Refusals;
  recordsTotal = 0;
  acksTotal = 0;

  constructor(private readonly options: IngestMetricsOptions) {
    const { metrics, logger, clock, settings, connections, budget } = options;
    const counter = (name: string, help: string) => metrics.counter({ name, help });
    this.topics = new TopicCounters(metrics, settings);
    this.limited = countLimited(metrics, settings.rateLimitLabels);
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
    this.refusals = new Refusals({ boundary: 'telemetry', metrics, logger, clock });
    this.unlogged = new Refusals({ boundary: 'telemetry', metrics, logger: silentLogger(), clock });
  }

  judged({ input }: LiveConnection, verdict: Verdict, outcome: HotOutcome): void {
    const { deviceId } = input.identity;
    if (verdict.isOverLimit) this.limited(deviceId, this.labelOf(verdict.topic));
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
        // FT-MET-1: the reference counts those over the rate limit alone.
        if (this.options.settings.signalCount === 'every' || verdict.isOverLimit)
          countSignals(topic, deviceId, signalCount(verdict.topic, verdict.payload));
        return;
      }
      case 'acknowledge':
        if (verdict.reason === 'unmapped_topic') this.accepted(this.topics.of(UNMAPPED), 0);
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

  /** The reliable source of its topic has confirmed a record. */
  confirmed(recordType: string, isConnected: boolean): void {
    const { reliable } = this.topics.of(recordType);
    reliable?.confirmations.inc();
    if (isConnected) reliable?.acks.inc();
    else reliable?.misses.inc();
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

  private accepted(topic: TopicTallies, payloadBytes: number): void {
    this.recordsTotal++;
    topic.records.inc();
    if (payloadBytes > 0) topic.sizes.add(payloadBytes);
  }

  private notStored(vin: string, topic: string): void {
    if (this.options.isDegraded()) {
      this.refusals.refuse(vin, 'store_degraded', { topic, do: 'see the line storage_degraded: is the disk full?' });
    } else {
      this.refusals.refuse(vin, 'spool_full', { topic, do: 'see which dispatcher is behind: GET /api/v1/dispatchers' });
    }
  }

  private unknown(vin: string, messageType: number): void {
    this.accepted(this.topics.of(''), 0);
    this.unknownType.inc({ msg_type: String.fromCharCode(messageType) });
    this.refusals.refuse(vin, 'unknown_message_type', { messageType });
  }
}

function countSignals(topic: TopicTallies, vin: string, count: number): void {
  if (count === 0) return;
  topic.signals.add(count);
  topic.signalsOf.get(vin)?.add(count);
}

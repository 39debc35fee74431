import type { ConnectFailure } from './connect-failure.js';
import { LatencyHistogram, type LatencySummary } from './histogram.js';
import { TOPICS, type Topic } from './record-mix.js';

/** What became of the records of one topic. */
export interface TopicCounts {
  /** Txids, so that one sent again under its own counts once. */
  readonly sent: number;
  readonly acked: number;
  /** Error replies (FT-CLI-3). */
  readonly refused: number;
}

/** Why vehicles could not connect. */
export interface RefusalCount extends ConnectFailure {
  readonly count: number;
  /** The first it happened to. */
  readonly vin: string;
}

/** Where vehicles are. */
export interface VehicleCounts {
  readonly total: number;
  readonly connected: number;
  /** On the way: waiting for their turn, connecting, or pausing before they try again. */
  readonly notConnected: number;
  /** Of these, the ones that have tried and never succeeded. */
  readonly neverConnected: number;
}

/** What the wait for the last acknowledgements came to. */
export interface DrainEnd {
  /** Vehicles that had no connection when it was over. */
  readonly notConnected: number;
  /** Records of theirs without reply. */
  readonly theirUnacked: number;
}

/** Everything counted since the start, or since the counts were reset. Durations and latencies in milliseconds. */
export interface SimulationStats {
  readonly durationMs: number;
  readonly vehicles: VehicleCounts;
  readonly sent: number;
  readonly acked: number;
  readonly refused: number;
  /** Sent and still without reply; for a server that stores what it acks, what may be lost. */
  readonly unacked: number;
  /** Records without reply whose signals went out again with newer values (FT-CLI-4). */
  readonly superseded: number;
  /** Messages sent because of a reconnect or time-out. */
  readonly resent: number;
  /** Records not made as the rate asked, because the window or the socket was full. */
  readonly skipped: number;
  /** Error replies without txid: they refuse a message that cannot be told (FT-CLI-3). */
  readonly unattributedRefusals: number;
  /** Replies for records that were not waiting any more. */
  readonly ignoredReplies: number;
  /** Messages that are no reply of the protocol. */
  readonly unreadableReplies: number;
  readonly byTopic: Readonly<Record<Topic, TopicCounts>>;
  readonly bytesSent: number;
  readonly connects: number;
  readonly reconnects: number;
  readonly refusals: readonly RefusalCount[];
  /** Connections that ended, by reason. */
  readonly disconnects: Readonly<Record<string, number>>;
  /** From the write of a record to its ack. */
  readonly latency: LatencySummary;
}

interface MutableCounts {
  sent: number;
  acked: number;
  refused: number;
}

/** What all vehicles of a simulation count into. Plain fields, as they are touched for each record. */
export class Statistics {
  readonly topics: Record<Topic, MutableCounts> = emptyTopics();
  readonly latency = new LatencyHistogram();
  /** Of the time since the reporter last looked. */
  readonly recentLatency = new LatencyHistogram();
  superseded = 0;
  resent = 0;
  skipped = 0;
  unattributedRefusals = 0;
  ignoredReplies = 0;
  unreadableReplies = 0;
  bytesSent = 0;
  connects = 0;
  reconnects = 0;
  readonly refusals = new Map<string, { first: ConnectFailure; vin: string; count: number }>();
  readonly disconnects = new Map<string, number>();
  /** The newest reason; the first may be one that has passed. */
  lastRefusal: ConnectFailure | undefined;

  constructor(private startedAt: number) {}

  /** Counts a connection that did not come about; true when it is the first for this reason. */
  refuse(vin: string, failure: ConnectFailure): boolean {
    this.lastRefusal = failure;
    const known = this.refusals.get(failure.reason);
    if (known) known.count += 1;
    else this.refusals.set(failure.reason, { first: failure, vin, count: 1 });
    return known === undefined;
  }

  disconnect(reason: string): void {
    this.disconnects.set(reason, (this.disconnects.get(reason) ?? 0) + 1);
  }

  /** Begins anew, so that what is measured leaves out the start. What is un-acked now still counts when it is acked. */
  reset(now: number): void {
    this.startedAt = now;
    Object.assign(this.topics, emptyTopics());
    this.latency.reset();
    this.recentLatency.reset();
    this.superseded = 0;
    this.resent = 0;
    this.skipped = 0;
    this.unattributedRefusals = 0;
    this.ignoredReplies = 0;
    this.unreadableReplies = 0;
    this.bytesSent = 0;
    this.connects = 0;
    this.reconnects = 0;
    this.refusals.clear();
    this.disconnects.clear();
  }

  summary(now: number, vehicles: VehicleCounts, unacked: number): SimulationStats {
    const total = (count: keyof MutableCounts): number =>
      TOPICS.reduce((sum, topic) => sum + this.topics[topic][count], 0);
    return {
      durationMs: now - this.startedAt,
      vehicles,
      sent: total('sent'),
      acked: total('acked'),
      refused: total('refused'),
      unacked,
      superseded: this.superseded,
      resent: this.resent,
      skipped: this.skipped,
      unattributedRefusals: this.unattributedRefusals,
      ignoredReplies: this.ignoredReplies,
      unreadableReplies: this.unreadableReplies,
      byTopic: structuredClone(this.topics),
      bytesSent: this.bytesSent,
      connects: this.connects,
      reconnects: this.reconnects,
      refusals: [...this.refusals.values()].map(({ first, vin, count }) => ({ ...first, vin, count })),
      disconnects: Object.fromEntries(this.disconnects),
      latency: this.latency.summary(),
    };
  }
}

function emptyTopics(): Record<Topic, MutableCounts> {
  const counts = (): MutableCounts => ({ sent: 0, acked: 0, refused: 0 });
  return { V: counts(), alerts: counts(), errors: counts() };
}

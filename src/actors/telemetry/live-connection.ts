import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { HotOutcome } from '../../runtime/index.js';
import type { IngestReply } from './connection-hot.js';
import type { ConnectionInput } from './events.js';
import type { IngestMetrics } from './ingest-metrics.js';
import { ReplyWriter } from './reply-writer.js';

/** Bytes that were read and are not answered yet, past which the socket is not read any more (MBX-4). */
const HIGH_BYTES = 4 * 1024 * 1024;
const LOW_BYTES = 1024 * 1024;
/** Replies that the vehicle does not read, past which the connection ends (FT-ACK-7, FT-FAIL-17). */
const MOST_UNREAD_BYTES = 1024 * 1024;
/** How long a write may make no progress (FT-WS-7). */
const WRITE_DEADLINE_MS = 10_000;
const MISSED_PINGS = 2;

export interface LiveConnectionDeps {
  /** Hands a message to the connection's actor; false if it has no room. */
  readonly take: (message: Uint8Array) => boolean;
  readonly metrics: IngestMetrics;
  readonly now: () => number;
}

/** The socket of a connection and what is counted of it: the part that flows past the chart. */
export class LiveConnection {
  readonly since: number;
  records = 0;
  bytes = 0;
  acks = 0;
  lastRecordAt: number | undefined;
  /** Payload bytes by record type, for the line at its end. */
  readonly bytesByType = new Map<string, number>();
  private readonly writer: ReplyWriter;
  private inFlightBytes = 0;
  private isPaused = false;
  /** Messages that came after the actor had no more room: what the socket had read already. */
  private waiting: Uint8Array[] = [];
  private missedPings = 0;
  private pingedAt: number;
  private stalledSince: number | undefined;

  constructor(
    readonly input: ConnectionInput,
    readonly ws: WebSocket,
    private readonly socket: Duplex,
    private readonly deps: LiveConnectionDeps,
  ) {
    this.since = deps.now();
    this.pingedAt = this.since;
    this.writer = new ReplyWriter(socket);
    ws.on('pong', () => {
      this.missedPings = 0;
    });
  }

  received(message: Uint8Array): void {
    this.inFlightBytes += message.length;
    if (this.waiting.length > 0 || !this.deps.take(message)) {
      this.waiting.push(message);
      this.pause();
    } else if (this.inFlightBytes > HIGH_BYTES) this.pause();
  }

  /** The answer to one message, in the order of the messages. */
  release({ verdict, size }: IngestReply, outcome: HotOutcome): void {
    this.inFlightBytes -= size;
    this.deps.metrics.judged(this, verdict, outcome);
    if (verdict.kind === 'record') {
      const { payload, topic, acknowledge } = verdict;
      this.records++;
      this.bytes += payload.length;
      this.lastRecordAt = this.deps.now();
      this.bytesByType.set(topic, (this.bytesByType.get(topic) ?? 0) + payload.length);
      const isSafe = acknowledge === 'received' || (acknowledge === 'spooled' && outcome === 'stored');
      if (isSafe) this.acknowledge(verdict.reply);
    } else if (verdict.kind === 'acknowledge') {
      for (let copy = 0; copy < verdict.copies; copy++) this.acknowledge(verdict.reply);
    } else if (verdict.kind === 'refuse') this.reply(verdict.reply);
    if (this.isPaused) this.resume();
  }

  acknowledge(ack: Uint8Array): void {
    this.acks++;
    this.deps.metrics.acksTotal++;
    this.reply(ack);
  }

  close(code: number, reason: string): void {
    // What is under way is answered by now; nothing new is read.
    this.ws.close(code, reason);
  }

  terminate(): void {
    this.ws.terminate();
  }

  /** Looks after a connection that says nothing or reads nothing (FT-WS-6, FT-WS-7). */
  tend(now: number, pingMs: number | undefined): 'well' | 'silent' | 'stalled' {
    const { writableLength } = this.socket;
    if (writableLength === 0) this.stalledSince = undefined;
    else this.stalledSince ??= now;
    if (this.stalledSince !== undefined && now - this.stalledSince >= WRITE_DEADLINE_MS) return 'stalled';
    if (writableLength > MOST_UNREAD_BYTES) return 'stalled';
    if (pingMs === undefined || now - this.pingedAt < pingMs) return 'well';
    if (this.missedPings >= MISSED_PINGS) return 'silent';
    this.missedPings++;
    this.pingedAt = now;
    this.ws.ping();
    return 'well';
  }

  /** Takes what waited, and reads on when there is room. */
  resume(): void {
    while (this.waiting.length > 0) {
      const [first] = this.waiting;
      if (!first || !this.deps.take(first)) return;
      this.waiting.shift();
    }
    if (this.inFlightBytes > LOW_BYTES || !this.isPaused) return;
    this.isPaused = false;
    this.ws.resume();
  }

  private pause(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.ws.pause();
  }

  private reply(bytes: Uint8Array): void {
    if (this.ws.readyState !== this.ws.OPEN) return;
    if (this.socket.writableLength > MOST_UNREAD_BYTES) this.terminate();
    else this.writer.push(bytes);
  }
}

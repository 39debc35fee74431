/**
 * The socket of a connection and what is counted of it: the part that flows past the chart.
 *
 * Invariants
 * - LC-1 Messages are handed to the actor in the order they came (FT-WS-10); what was read before the socket ended
 *   is handed over too.
 * - LC-2 The actor is told of the end after the last message is answered: its DISCONNECTED record stands behind the
 *   records, and there is room in its mailbox for it.
 * - LC-3 Nothing is written behind a close frame, and replies that were made before it stand before it.
 * - LC-4 What is read and not answered, and what is answered and not read by the vehicle, is bounded (FT-ACK-7); so is
 *   what is read and not answered of all connections together, by the budget.
 */
import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { Address, HotOutcome, TimerHandle } from '../../runtime/index.js';
import { connectionAddress } from './connection-address.js';
import type { IngestReply } from './connection-hot.js';
import { type ConnectionInput, waitsForNote } from './events.js';
import { Inflow, type InflowDeps, type InflowOwner } from './inflow.js';
import type { IngestMetrics } from './ingest-metrics.js';
import { ReplyWriter } from './reply-writer.js';
import type { LoggedRequest } from './request-log.js';

/** Replies that the vehicle does not read, past which the connection ends (FT-ACK-7, FT-FAIL-17). */
const MOST_UNREAD_BYTES = 1024 * 1024;
/** How long a write may make no progress (FT-WS-7). */
const WRITE_DEADLINE_MS = 10_000;
const MISSED_PINGS = 2;
/** FT-WS-4, FT-WS-8. */
const TEXT_CLOSE = 1003;

/** Shared by all connections, of which there may be many: they name themselves. */
export interface LiveConnectionDeps extends InflowDeps {
  /** Hands a message to the actor; false if it has no room. */
  readonly take: (connection: LiveConnection, message: Uint8Array) => boolean;
  /** The socket has not been read for a while, or is read again; false if the actor has no room for that either. */
  readonly held: (connection: LiveConnection, isHeld: boolean) => boolean;
  /** The socket is gone. Of an abandoned connection the chart knows; otherwise all that came over it is answered. */
  readonly ended: (connection: LiveConnection, code: number, isAbandoned: boolean) => void;
  readonly metrics: IngestMetrics;
}

export class LiveConnection implements InflowOwner {
  /** Of its actor. */
  readonly address: Address;
  readonly since: number;
  records = 0;
  bytes = 0;
  acks = 0;
  lastRecordAt: number | undefined;
  /** Messages over the rate limit in a row, and since when (monotonic milliseconds). */
  excess: { readonly since: number; messages: number } | undefined;
  /** Payload bytes by record type, for the line at its end. */
  readonly bytesByType = new Map<string, number>();
  private readonly writer: ReplyWriter;
  private readonly inflow: Inflow;
  /** Records that a dispatcher has yet to confirm or refuse (FT-ACK-2); it may do so before they are answered. */
  private unconfirmed = 0;
  /** Keys of records of earlier connections that came over this one again, and wait for the same (FT-ACK-3). */
  private resent: Set<string> | undefined;
  private isClosing = false;
  /** The chart came to its end by itself, or is gone, and is told nothing more. */
  private isAbandoned = false;
  private closeCode: number | undefined;
  private isOver = false;
  private drain: { readonly code: number; readonly reason: string; readonly timer: TimerHandle } | undefined;
  private missedPings = 0;
  private pingedAt: number;
  private stalled: { readonly since: number; readonly passed: number } | undefined;

  constructor(
    readonly input: ConnectionInput,
    readonly ws: WebSocket,
    private readonly socket: Duplex,
    /** That it began as. */
    readonly request: LoggedRequest,
    private readonly deps: LiveConnectionDeps,
  ) {
    this.address = connectionAddress(input.connectionId);
    this.since = deps.clock.now();
    this.pingedAt = deps.clock.monotonic();
    this.writer = new ReplyWriter(socket);
    this.inflow = new Inflow(ws, this, deps);
    ws.on('message', (data: RawData, isBinary: boolean) => this.received(data as Buffer, isBinary));
    ws.on('pong', () => this.heard());
    // What breaks RFC 6455, or is over the hard limit of a message: a close frame says so, and the socket follows.
    ws.on('error', (error: Error & { code?: string }) => {
      deps.metrics.log.refused(input.identity.deviceId, 'bad_frame', { detail: error.message, code: error.code });
    });
    ws.on('close', (code: number) => {
      this.closeCode = code;
      this.proceed();
    });
  }

  /** The answer to one message, in the order of the messages. */
  release({ verdict, size }: IngestReply, outcome: HotOutcome): void {
    this.deps.metrics.judged(this, verdict, outcome);
    if (verdict.kind === 'record') {
      const { acknowledge } = verdict;
      if (outcome === 'stored') this.count(verdict.topic, verdict.payload.length);
      // What is stored already waits for nothing more, unless it is `awaited` (FT-ACK-3).
      const isStored = outcome === 'duplicate' || (outcome === 'stored' && acknowledge === 'spooled');
      if (isStored || acknowledge === 'received') this.acknowledge(verdict.reply);
      else if (outcome === 'stored') this.unconfirmed++;
    } else if (verdict.kind === 'acknowledge') {
      // What the spool did not take note of comes again.
      const isNoted = outcome !== 'refused' || !waitsForNote(verdict, this.input.settings);
      for (let copy = 0; isNoted && copy < verdict.copies; copy++) this.acknowledge(verdict.reply);
    } else if (verdict.kind === 'refuse') this.reply(verdict.reply);
    this.inflow.answered(size);
    this.proceed();
  }

  /** The dispatcher that its topic's acknowledgement depends on has the record. */
  confirm(ack: Uint8Array, receivedAt: number): void {
    this.acknowledge(ack);
    this.settle(receivedAt);
  }

  /** That dispatcher refuses the record, which is never acknowledged then (FT-ACK-2). */
  refuse(receivedAt: number): void {
    this.settle(receivedAt);
  }

  /** A record came again that is stored and not confirmed. */
  awaitResent(key: string): void {
    this.resent ??= new Set();
    this.resent.add(key);
  }

  /** Such a record is confirmed. */
  confirmResent(key: string, ack: Uint8Array): void {
    this.acknowledge(ack);
    this.forgetResent(key);
  }

  /** Such a record is waited for no more. */
  forgetResent(key: string): void {
    this.resent?.delete(key);
    this.proceed();
  }

  /** Reads no more, and ends the socket once what is under way is acknowledged, after `graceMs` at the latest. */
  close(code: number, reason: string, graceMs: number): void {
    if (this.isClosing || this.drain) return;
    const timer = this.deps.clock.setTimeout(() => this.closeNow(code, reason), graceMs);
    this.drain = { code, reason, timer };
    this.inflow.pause();
    this.proceed();
  }

  /** Ends the socket at once, and tells the chart nothing more: it has come to its end. */
  abandon(): void {
    this.isAbandoned = true;
    this.ws.terminate();
    this.proceed();
  }

  terminate(): void {
    this.ws.terminate();
  }

  /** Looks after a connection that says nothing or reads nothing (FT-WS-6, FT-WS-7). */
  tend(now: number, pingMs: number | undefined): 'well' | 'silent' | 'stalled' {
    const { writableLength } = this.socket;
    const passed = this.writer.written - writableLength;
    if (writableLength === 0) this.stalled = undefined;
    else if (!this.stalled || passed > this.stalled.passed) this.stalled = { since: now, passed };
    if (this.stalled && now - this.stalled.since >= WRITE_DEADLINE_MS) return 'stalled';
    if (!this.inflow.tend(now)) {
      // What it may have said is not read.
      this.heard();
      this.pingedAt = now;
    }
    if (pingMs === undefined || now - this.pingedAt < pingMs) return 'well';
    if (this.missedPings >= MISSED_PINGS) return 'silent';
    this.missedPings++;
    this.pingedAt = now;
    this.ws.ping();
    return 'well';
  }

  private received(message: Buffer, isBinary: boolean): void {
    this.heard();
    // Until the vehicle answers the close frame, or the socket is gone; it sends again what is not acknowledged.
    if (this.isClosing || this.isAbandoned) return;
    if (!isBinary) {
      const { connectionId, identity } = this.input;
      this.deps.metrics.log.refused(identity.deviceId, 'text_message', { txid: connectionId });
      this.closeNow(TEXT_CLOSE, 'records are binary messages');
      return;
    }
    this.inflow.add(message);
  }

  /** A vehicle that sends is alive, whether it answers pings or not. */
  private heard(): void {
    this.missedPings = 0;
  }

  /** A record with the id of this connection is confirmed or refused; one from before it came over an earlier one. */
  private settle(receivedAt: number): void {
    if (receivedAt >= this.since) this.unconfirmed--;
    this.proceed();
  }

  /** Hands a message to the actor; false if it has no room. */
  take(message: Uint8Array): boolean {
    return this.deps.take(this, message);
  }

  /** Tells the actor whether the socket is read; false if it has no room. */
  held(isHeld: boolean): boolean {
    return this.deps.held(this, isHeld);
  }

  /** Goes on with what waited for an answer: messages, the socket, or the end. */
  proceed(): void {
    if (!this.isAbandoned) this.inflow.handOver();
    if (this.closeCode !== undefined) this.finish(this.closeCode);
    else if (this.drain) {
      const { code, reason } = this.drain;
      const isConfirmed = this.unconfirmed <= 0 && !this.resent?.size;
      if (this.inflow.inFlight === 0 && isConfirmed) this.closeNow(code, reason);
    } else this.inflow.readOn();
  }

  /** LC-2. */
  private finish(code: number): void {
    if (this.isOver || !(this.inflow.isAnswered || this.isAbandoned)) return;
    this.isOver = true;
    this.inflow.end();
    this.deps.clock.clearTimeout(this.drain?.timer);
    this.deps.ended(this, code, this.isAbandoned);
  }

  /** LC-3. */
  private closeNow(code: number, reason: string): void {
    this.deps.clock.clearTimeout(this.drain?.timer);
    this.drain = undefined;
    this.isClosing = true;
    this.writer.flush();
    this.ws.close(code, reason);
    // The vehicle's close frame has to be read.
    this.inflow.resume();
  }

  private count(topic: string, bytes: number): void {
    this.records++;
    this.bytes += bytes;
    this.lastRecordAt = this.deps.clock.now();
    this.bytesByType.set(topic, (this.bytesByType.get(topic) ?? 0) + bytes);
  }

  private acknowledge(ack: Uint8Array): void {
    if (!this.reply(ack)) return;
    this.acks++;
    this.deps.metrics.acknowledged();
  }

  /** Whether the reply is on its way. */
  private reply(bytes: Uint8Array): boolean {
    if (this.isClosing || this.ws.readyState !== this.ws.OPEN) return false;
    if (this.socket.writableLength <= MOST_UNREAD_BYTES) {
      this.writer.push(bytes);
      this.deps.metrics.log.responded(this.input, bytes);
      return true;
    }
    this.deps.metrics.socketError(this.input, 'unread');
    this.terminate();
    return false;
  }
}

import assert from 'node:assert/strict';
import type { SecureContextOptions } from 'node:tls';
import { type ClientOptions, WebSocket } from 'ws';
import { decodeReply, encodeStream, encodeVehicleData, type Reply } from '../../src/protocols/fleet-telemetry/index.js';

const DEADLINE_MS = 60_000;

/** A certificate with its key, as PEM. */
export interface Credentials {
  readonly chainPem: string;
  readonly keyPem: string;
}

export interface VehicleOptions {
  readonly port: number;
  readonly vin: string;
  readonly credentials: Credentials | undefined;
  /** PEM of the CA that signed the server's certificate. */
  readonly serverCa: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Subprotocols that are asked for. */
  readonly protocols?: readonly string[];
  readonly offersCompression?: boolean;
  /** Whether pings are answered. @default true */
  readonly answersPings?: boolean;
  readonly tls?: SecureContextOptions;
}

/** What may differ from an ordinary record. */
export interface SentRecord {
  readonly topic?: string;
  readonly txid?: string;
  readonly senderId?: string;
  readonly deviceId?: string;
  readonly deviceType?: string;
  readonly messageId?: string;
  readonly createdAt?: number;
  readonly payload?: Uint8Array;
}

export interface Closed {
  /** 1006: without a close frame. */
  readonly code: number;
  readonly reason: string;
}

/** A vehicle that speaks the protocol over a real connection: mutual TLS, WebSocket, flatbuffers (section 10). */
export class Vehicle {
  /** What the server said, in order. */
  readonly replies: Reply[] = [];
  /** The same as it came. */
  readonly frames: Buffer[] = [];
  /** Data of pings and pongs of the server. */
  readonly pings: string[] = [];
  readonly pongs: string[] = [];
  readonly closed: Promise<Closed>;
  end: Closed | undefined;
  /** Told of each reply. */
  onReply: (reply: Reply) => void = () => {};
  private counter = 0;
  private readonly waiters = new Set<() => void>();

  private constructor(
    readonly vin: string,
    readonly socket: WebSocket,
  ) {
    socket.on('message', (data: Buffer) => {
      this.frames.push(data);
      const reply = decodeReply(data);
      assert.ok(reply.ok, `the server sent what is no reply: ${data.toString('hex')}`);
      this.replies.push(reply.value);
      this.onReply(reply.value);
      this.changed();
    });
    socket.on('ping', (data: Buffer) => {
      this.pings.push(data.toString());
      this.changed();
    });
    socket.on('pong', (data: Buffer) => {
      this.pongs.push(data.toString());
      this.changed();
    });
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        this.end = { code, reason: reason.toString() };
        resolve(this.end);
        this.changed();
      });
    });
  }

  /** Resolves with the upgrade; rejects if TLS or HTTP refuse. */
  static open(options: VehicleOptions): Promise<Vehicle> {
    const { port, vin, credentials, serverCa, path = '/', headers = {}, protocols = [] } = options;
    const clientOptions = {
      ca: serverCa,
      servername: 'localhost',
      ...(credentials ? { cert: credentials.chainPem, key: credentials.keyPem } : {}),
      ...options.tls,
      headers,
      perMessageDeflate: options.offersCompression ?? false,
      autoPong: options.answersPings ?? true,
      maxPayload: 0,
    } as ClientOptions;
    const socket = new WebSocket(`wss://127.0.0.1:${port}${path}`, [...protocols], clientOptions);
    const vehicle = new Vehicle(vin, socket);
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(vehicle));
      socket.once('error', reject);
    });
  }

  /** Of the acknowledged records, in the order of the acks. */
  get acked(): string[] {
    return this.replies.flatMap((reply) => (reply.kind === 'ack' ? [reply.txid] : []));
  }

  /** Sends one record and returns its txid. */
  send(record: SentRecord = {}): string {
    const txid = record.txid ?? `${this.vin}-${String(++this.counter).padStart(6, '0')}`;
    this.sendBytes(this.frameOf({ ...record, txid }));
    return txid;
  }

  /** Sends a record and waits for its ack or error. */
  async ask(record: SentRecord = {}): Promise<Reply> {
    const already = this.replies.length;
    const txid = this.send(record);
    await this.until(() => this.replies.slice(already).some((reply) => reply.txid === txid), `a reply to ${txid}`);
    return this.replies.slice(already).find((reply) => reply.txid === txid) as Reply;
  }

  sendBytes(bytes: Uint8Array): void {
    this.socket.send(bytes, { binary: true });
  }

  /** A message as bytes. */
  frameOf(record: SentRecord & { readonly txid: string }): Uint8Array {
    const { vin } = this;
    return encodeStream({
      txid: record.txid,
      topic: record.topic ?? 'V',
      senderId: record.senderId ?? `vehicle_device.${vin}`,
      deviceType: record.deviceType ?? 'vehicle_device',
      deviceId: record.deviceId ?? vin,
      messageId: record.messageId ?? '',
      createdAt: record.createdAt ?? 1_767_225_600,
      payload: record.payload ?? speed(vin, this.counter),
    });
  }

  /** Waits for a condition that this connection brings about. */
  until(condition: () => boolean, what: string, deadlineMs = DEADLINE_MS): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        if (!condition()) return;
        clearTimeout(timer);
        this.waiters.delete(settle);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiters.delete(settle);
        const end = this.end ? `closed with ${this.end.code} ${this.end.reason}` : 'open';
        reject(new Error(`${this.vin} (${end}, ${this.replies.length} replies) waited in vain for ${what}`));
      }, deadlineMs);
      this.waiters.add(settle);
      settle();
    });
  }

  /** Waits for so many replies in all. */
  async replied(count: number): Promise<readonly Reply[]> {
    await this.until(() => this.replies.length >= count, `${count} replies`);
    return this.replies;
  }

  /** Proves that what was sent before is dealt with and the connection is open: pings are answered in order. */
  async roundTrip(): Promise<void> {
    const mark = `mark ${this.pongs.length}`;
    this.socket.ping(mark);
    await this.until(() => this.pongs.includes(mark), 'a pong');
  }

  /** Stops reading, as a vehicle that hangs. */
  stopReading(): void {
    this.socket.pause();
  }

  close(code = 1000, reason = ''): Promise<Closed> {
    this.socket.close(code, reason);
    return this.closed;
  }

  /** Goes away without a word. */
  vanish(): Promise<Closed> {
    this.socket.terminate();
    return this.closed;
  }

  private changed(): void {
    for (const settle of [...this.waiters]) settle();
  }
}

/** A payload of topic V with one number. */
export function speed(vin: string, value: number): Uint8Array {
  return encodeVehicleData({
    data: [{ key: 'VehicleSpeed', value: { floatValue: value } }],
    createdAtMs: 1_767_225_600_000,
    vin,
  });
}

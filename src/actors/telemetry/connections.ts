import { encodeAck } from '../../protocols/fleet-telemetry/index.js';
import type { Clock, HotOutcome, TimerHandle } from '../../runtime/index.js';
import { keyOf } from '../../runtime/index.js';
import type { FleetRecord } from '../dispatch/index.js';
import { connectionAddress } from './connection-address.js';
import type { IngestReply } from './connection-hot.js';
import type { IngestMetrics } from './ingest-metrics.js';
import type { LiveConnection } from './live-connection.js';
import { resendKey } from './resend-key.js';

/** How often connections are looked after. */
const TEND_MS = 5_000;

/** Records that came again and wait to be confirmed; vehicles send those that are forgotten once more. */
const MOST_RESENT = 10_000;

/** The open sockets by connection id (FT-REG-1: not by vehicle). */
export class Connections {
  private readonly byId = new Map<string, LiveConnection>();
  /** By the keys of records that came again before they were confirmed: the connection that waits for it. */
  private readonly resent = new Map<string, string>();
  private timer: TimerHandle;

  constructor(
    private readonly clock: Clock,
    private readonly pingMs: number | undefined,
  ) {}

  get size(): number {
    return this.byId.size;
  }

  all(): Iterable<LiveConnection> {
    return this.byId.values();
  }

  /** The id itself, or with a suffix while another live connection has it (FT-REG-2), or a parked actor. */
  freeId(wanted: string, isParked: (address: string) => boolean = () => false): string {
    const isTaken = (id: string): boolean => this.byId.has(id) || isParked(connectionAddress(id));
    let id = wanted;
    for (let suffix = 2; isTaken(id); suffix++) id = `${wanted}-${suffix}`;
    return id;
  }

  add(connection: LiveConnection): void {
    this.byId.set(connection.input.connectionId, connection);
  }

  at(address: string): LiveConnection | undefined {
    return this.byId.get(keyOf(address));
  }

  /** Deletes the entry only if it is this socket's (FT-REG-2). */
  remove(connection: LiveConnection): void {
    const { connectionId } = connection.input;
    if (this.byId.get(connectionId) === connection) this.byId.delete(connectionId);
  }

  /**
   * Hands an actor's answer to its socket; without one it is lost, and the vehicle sends the record again. Answers of an
   * actor before it under the same id are not for this socket.
   */
  release(address: string, reply: unknown, outcome: HotOutcome): void {
    const { key, socketId } = reply as IngestReply;
    const connection = this.at(address);
    if (!connection || connection.input.socketId !== socketId) return;
    if (outcome === 'awaited' && key !== undefined) this.noteResent(key, connection);
    connection.release(reply as IngestReply, outcome);
  }

  /**
   * A dispatcher has confirmed a record on which its topic's acknowledgement depends (FT-ACK-2): that goes to the
   * connection it came from, and to the one it came over again. Returns the key by which it is settled (FT-ACK-3).
   */
  confirm(record: FleetRecord, metrics: IngestMetrics): string | undefined {
    const { txid, key } = namesOf(record);
    const first = this.ofVehicle(record.origin, record.vehicle);
    const second = this.ofVehicle(key && this.resent.get(key), record.vehicle);
    metrics.confirmed(record.type, (first ?? second) !== undefined);
    const ack = encodeAck(txid, Buffer.from(record.type));
    first?.confirm(ack, record.receivedAt);
    if (key && second !== first) second?.confirmResent(key, ack);
    this.forgetResent(key);
    return key;
  }

  /** That dispatcher refuses the record: there is nothing more to wait for. */
  refuse(record: FleetRecord): void {
    this.ofVehicle(record.origin, record.vehicle)?.refuse(record.receivedAt);
    this.forgetResent(namesOf(record).key);
  }

  /** Another vehicle may have come under an id that was free again. */
  private ofVehicle(connectionId: string | undefined, vehicle: string): LiveConnection | undefined {
    const connection = connectionId === undefined ? undefined : this.byId.get(connectionId);
    return connection?.input.identity.deviceId === vehicle ? connection : undefined;
  }

  private noteResent(key: string, connection: LiveConnection): void {
    const { connectionId } = connection.input;
    // What came again just now is forgotten last; one connection waits for it.
    if (this.resent.get(key) !== connectionId) this.forgetResent(key);
    this.resent.delete(key);
    this.resent.set(key, connectionId);
    connection.awaitResent(key);
    if (this.resent.size <= MOST_RESENT) return;
    const [oldest] = this.resent.keys();
    this.forgetResent(oldest);
  }

  private forgetResent(key: string | undefined): void {
    const connectionId = key && this.resent.get(key);
    if (!key || connectionId === undefined) return;
    this.resent.delete(key);
    this.byId.get(connectionId)?.forgetResent(key);
  }

  /** Pings, and ends what is silent or does not read. */
  start(failed: (connection: LiveConnection, why: 'silent' | 'stalled') => void): void {
    const everyMs = Math.min(TEND_MS, this.pingMs ?? TEND_MS);
    const tend = (): void => {
      // Not the wall clock: one that is set must neither end connections nor keep silent ones.
      const now = this.clock.monotonic();
      for (const connection of this.byId.values()) {
        const state = connection.tend(now, this.pingMs);
        if (state !== 'well') failed(connection, state);
      }
      this.timer = this.clock.setTimeout(tend, everyMs);
    };
    this.timer = this.clock.setTimeout(tend, everyMs);
  }

  stop(): void {
    this.clock.clearTimeout(this.timer);
  }
}

/** What the vehicle calls the record, and what the spool does. */
function namesOf({ metadata, vehicle, type, payload }: FleetRecord): { txid: Uint8Array; key: string | undefined } {
  const txid = Buffer.from(metadata['txid'] ?? '', 'latin1');
  return { txid, key: resendKey(vehicle, type, txid, payload) };
}

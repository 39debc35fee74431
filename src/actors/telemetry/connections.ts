import { encodeAck } from '../../protocols/fleet-telemetry/index.js';
import type { Clock, HotOutcome, TimerHandle } from '../../runtime/index.js';
import { addressOf, keyOf } from '../../runtime/index.js';
import type { FleetRecord } from '../dispatch/index.js';
import type { IngestReply } from './connection-hot.js';
import type { IngestMetrics } from './ingest-metrics.js';
import type { LiveConnection } from './live-connection.js';

export const CONNECTION_TYPE = 'vehicle-connection';

/** How often connections are looked after. */
const TEND_MS = 5_000;

/** The open sockets by connection id (FT-REG-1: not by vehicle). */
export class Connections {
  private readonly byId = new Map<string, LiveConnection>();
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

  /** The id itself, or with a suffix while another live connection has it (FT-REG-2). */
  freeId(wanted: string): string {
    let id = wanted;
    for (let suffix = 2; this.byId.has(id); suffix++) id = `${wanted}-${suffix}`;
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

  /** Hands an actor's answer to its socket; without one it is lost, and the vehicle sends the record again. */
  release(address: string, reply: unknown, outcome: HotOutcome): void {
    this.byId.get(keyOf(address))?.release(reply as IngestReply, outcome);
  }

  /** A dispatcher has confirmed a record of which its topic's acknowledgement depends (FT-ACK-2, FT-ACK-3). */
  confirm(record: FleetRecord, dispatcher: string, metrics: IngestMetrics): void {
    const found = record.origin === undefined ? undefined : this.byId.get(record.origin);
    // Another vehicle may have come under an id that was free again.
    const connection = found?.input.identity.deviceId === record.vehicle ? found : undefined;
    metrics.confirmed(record.type, dispatcher, connection !== undefined);
    const txid = Buffer.from(record.metadata['txid'] ?? '', 'latin1');
    connection?.confirm(encodeAck(txid, Buffer.from(record.type)));
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

export const connectionAddress = (connectionId: string): string => addressOf(CONNECTION_TYPE, connectionId);

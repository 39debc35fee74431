import { encodeConnectivity } from '../../protocols/fleet-telemetry/index.js';
import type { Clock, TimerHandle } from '../../runtime/index.js';
import { encodeRecord } from '../dispatch/index.js';
import type { ConnectionOutput } from './events.js';

/** The record that the server itself makes when a vehicle comes or goes (FT-CON-1, FT-CON-2), as the spool takes it. */
export function connectivityRecord(
  { status, connection }: ConnectionOutput & { type: 'connectivity' },
  now: number,
): Buffer {
  const { connectionId, vin, networkInterface, clientVersion } = connection;
  return encodeRecord({
    type: 'connectivity',
    vehicle: vin,
    at: now - (now % 1000),
    receivedAt: now,
    metadata: { txid: connectionId, device_client_version: clientVersion },
    payload: encodeConnectivity({ vin, connectionId, status, createdAtMs: now, networkInterface }),
  });
}

const RETRY_MS = 1_000;
const MOST_WAITING = 10_000;

/** Of whom a record says what. */
export interface ConnectivityNews {
  readonly deviceId: string;
  readonly status: 'CONNECTED' | 'DISCONNECTED';
}

interface Waiting {
  readonly record: Buffer;
  readonly news: ConnectivityNews;
}

export interface ConnectivitySpoolDeps {
  /** False if the spool takes nothing now. */
  readonly append: (record: Buffer) => boolean;
  readonly clock: Clock;
  /** Records that are lost. */
  readonly dropped: (records: readonly ConnectivityNews[]) => void;
}

/**
 * Brings connectivity records to the spool in their order. Nobody sends them again, so those that it has no room for
 * wait in memory, the newest {@link MOST_WAITING} of them.
 */
export class ConnectivitySpool {
  private waiting: Waiting[] = [];
  private timer: TimerHandle;
  private isOpen = true;

  constructor(private readonly deps: ConnectivitySpoolDeps) {}

  add(record: Buffer, news: ConnectivityNews): void {
    this.waiting.push({ record, news });
    if (this.waiting.length > MOST_WAITING) this.drop(1);
    if (this.waiting.length === 1) this.send();
  }

  open(): void {
    this.isOpen = true;
  }

  /** From now on nothing waits. */
  close(): void {
    this.isOpen = false;
    this.send();
  }

  private readonly send = (): void => {
    const { append, clock } = this.deps;
    const taken = this.waiting.findIndex(({ record }) => !append(record));
    this.waiting.splice(0, taken < 0 ? this.waiting.length : taken);
    clock.clearTimeout(this.timer);
    if (this.waiting.length === 0) return;
    if (this.isOpen) this.timer = clock.setTimeout(this.send, RETRY_MS);
    else this.drop(this.waiting.length);
  };

  private drop(oldest: number): void {
    this.deps.dropped(this.waiting.splice(0, oldest).map(({ news }) => news));
  }
}

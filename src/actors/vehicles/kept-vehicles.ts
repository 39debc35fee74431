import type { LastValuesSettings } from '../../protocols/fleet-telemetry/index.js';
import type { ActorSystem, Table } from '../../runtime/index.js';
import { presenceAddress } from './addresses.js';
import { packSignals, unpackSignals } from './kept-signals.js';
import { KeptVehicle, type VehicleFacts, type VehicleNotices } from './kept-vehicle.js';

/** Of vehicles in memory; past it those that were quiet longest leave it. */
const MOST_BYTES_IN_MEMORY = 100 * 1024 * 1024;
/** Vehicles that are forgotten while records of them wait to be read; past it the first of them. */
const MOST_FORGOTTEN = 10_000;
/** Rows of a vehicle are no larger on average. */
const BYTES_PER_VEHICLE = 16 * 1024;

interface SignalsRow extends VehicleFacts {
  readonly signals: Uint8Array;
}

/**
 * What is kept of all vehicles: in the store, and in memory of those that send.
 *
 * Invariants
 * - KS-1 A vehicle that is to be written stays in memory until it is: what the store has of it is older.
 * - KS-2 Of a vehicle that was forgotten no record counts that was in the spool by then, also after a crash.
 */
export class KeptVehicles {
  private readonly signals: Table<SignalsRow>;
  private readonly notices: Table<VehicleNotices>;
  private readonly tombstones: Table<{ readonly seq: number }>;
  /** The newest record that was in the spool when each was forgotten. */
  private readonly forgotten = new Map<string, number>();
  /** The longest quiet first. */
  private readonly inMemory = new Map<string, KeptVehicle>();
  /** What each took when it was last weighed. */
  private readonly weights = new WeakMap<KeptVehicle, number>();
  private bytesInMemory = 0;
  private readonly dirty = new Set<KeptVehicle>();
  /** Vehicles that there was no room for, since the start. */
  refused = 0;

  constructor(
    system: Pick<ActorSystem, 'table'>,
    settings: LastValuesSettings,
    private readonly mostInMemory = MOST_BYTES_IN_MEMORY,
  ) {
    const bounds = {
      mostRows: settings.maxVehicles,
      mostBytes: settings.maxVehicles * BYTES_PER_VEHICLE,
      overflow: 'reject',
    } as const;
    this.signals = system.table({ name: 'vehicle-signals', version: 2, migrate: signalsRow, ...bounds });
    this.notices = system.table({ name: 'vehicle-notices', version: 1, ...bounds });
    this.tombstones = system.table({
      name: 'vehicle-tombstones',
      mostRows: MOST_FORGOTTEN,
      mostBytes: MOST_FORGOTTEN * 1_024,
      overflow: 'drop-first',
    });
    for (const [vin, { seq }] of this.tombstones.range()) this.forgotten.set(vin, seq);
  }

  /** Vehicles in the store. */
  get size(): number {
    return this.signals.size;
  }

  get dirtyCount(): number {
    return this.dirty.size;
  }

  /** What is kept of a vehicle, to look at. */
  find(vin: string): KeptVehicle | undefined {
    return this.inMemory.get(vin) ?? this.load(vin);
  }

  /** When its last record came, if it is among those in memory: every vehicle that sends. */
  lastRecordAt(vin: string): number | undefined {
    return this.inMemory.get(vin)?.facts.lastRecordAt;
  }

  /** The same, to change; {@link changed} afterwards. Undefined for what a certificate may say and no key holds. */
  open(vin: string): KeptVehicle | undefined {
    return this.openKnown(vin) ?? (presenceAddress(vin) ? this.hold(newVehicle(vin)) : undefined);
  }

  /** The same, if something is kept of it. */
  openKnown(vin: string): KeptVehicle | undefined {
    const known = this.inMemory.get(vin);
    if (known) return known;
    const stored = presenceAddress(vin) ? this.load(vin) : undefined;
    return stored && this.hold(stored);
  }

  /** It is to be written. */
  changed(vehicle: KeptVehicle): void {
    this.weigh(vehicle);
    this.dirty.add(vehicle);
    if (this.bytesInMemory <= this.mostInMemory) return;
    // What has just been used stays; what is to be written stays until it is.
    this.inMemory.delete(vehicle.vin);
    this.inMemory.set(vehicle.vin, vehicle);
    this.makeRoom();
  }

  /** Vehicles to write now. */
  toWrite(): KeptVehicle[] {
    return [...this.dirty];
  }

  /** Writes a vehicle with the batch that gathers now. */
  write(vehicle: KeptVehicle): void {
    const { vin, facts, notices } = vehicle;
    try {
      if (vehicle.isDirty) {
        vehicle.isDirty = false;
        if (!this.signals.put(vin, { ...facts, signals: packSignals(vehicle.signals) })) this.outgrown(vin);
      }
      if (!vehicle.hasNewNotices) return;
      vehicle.hasNewNotices = false;
      if (!this.notices.put(vin, { ...notices })) this.refused++;
    } finally {
      this.dirty.delete(vehicle);
    }
  }

  /** Forgets a vehicle, and what the spool has of it up to `seq`; false if there was nothing. */
  remove(vin: string, seq: number): boolean {
    if (!presenceAddress(vin)) return false;
    const vehicle = this.inMemory.get(vin);
    if (vehicle) {
      this.leave(vehicle);
      this.dirty.delete(vehicle);
      vehicle.isDirty = false;
      vehicle.hasNewNotices = false;
    }
    for (const first of this.forgotten.keys()) {
      if (this.forgotten.size < MOST_FORGOTTEN) break;
      this.revive(first);
    }
    this.forgotten.set(vin, seq);
    this.tombstones.put(vin, { seq });
    const hadNotices = this.notices.remove(vin);
    return this.signals.remove(vin) || hadNotices || vehicle !== undefined;
  }

  /** Whether the record at `seq` is of a vehicle that was forgotten since. */
  isForgotten(vin: string, seq: number): boolean {
    return this.forgotten.size > 0 && seq <= (this.forgotten.get(vin) ?? -1);
  }

  /** No record up to `seq` is read again. */
  confirmed(seq: number): void {
    for (const [vin, last] of this.forgotten) if (last <= seq) this.revive(vin);
  }

  /** What is stored of a vehicle stays as it was, but for its counters: by them all would be missing that it has sent since. */
  private outgrown(vin: string): void {
    this.refused++;
    const row = this.signals.get(vin);
    if (row && row.counters.length > 0) this.signals.put(vin, { ...row, counters: [] });
  }

  private revive(vin: string): void {
    this.forgotten.delete(vin);
    this.tombstones.remove(vin);
  }

  private hold(vehicle: KeptVehicle): KeptVehicle {
    this.inMemory.set(vehicle.vin, vehicle);
    this.weigh(vehicle);
    this.makeRoom();
    return vehicle;
  }

  private weigh(vehicle: KeptVehicle): void {
    const { bytes } = vehicle;
    this.bytesInMemory += bytes - (this.weights.get(vehicle) ?? 0);
    this.weights.set(vehicle, bytes);
  }

  private leave(vehicle: KeptVehicle): void {
    this.inMemory.delete(vehicle.vin);
    this.bytesInMemory -= this.weights.get(vehicle) ?? 0;
  }

  /** The last one is in use. */
  private makeRoom(): void {
    for (const each of this.inMemory.values()) {
      const isRoomy = this.bytesInMemory <= this.mostInMemory || this.inMemory.size === 1;
      if (isRoomy || this.dirty.has(each)) break;
      this.leave(each);
    }
  }

  private load(vin: string): KeptVehicle | undefined {
    const row = this.signals.get(vin);
    const notices = this.notices.get(vin);
    if (!row && !notices) return undefined;
    const { facts, notices: none } = newVehicle(vin);
    if (!row) return new KeptVehicle(vin, facts, new Map(), { ...none, ...notices });
    const { signals, ...stored } = row;
    return new KeptVehicle(vin, { ...facts, ...stored }, unpackSignals(signals), { ...none, ...notices });
  }
}

/** Version 1 knew of one counter. */
function signalsRow(_version: number, row: unknown): SignalsRow {
  const { prefix, count, ...rest } = row as Omit<SignalsRow, 'counters'> & { prefix: string; count: number };
  return { ...rest, counters: prefix === '' ? [] : [{ prefix, count, seq: rest.seq }] };
}

function newVehicle(vin: string): KeptVehicle {
  const facts = {
    seq: -1,
    lastRecordAt: 0,
    lastDataAt: 0,
    createdAt: 0,
    origin: '',
    counters: [],
  };
  return new KeptVehicle(vin, facts, new Map(), { alerts: [], errors: [], gaps: [] });
}

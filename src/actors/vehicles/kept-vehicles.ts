import type { LastValuesSettings } from '../../protocols/fleet-telemetry/index.js';
import type { ActorSystem, Table } from '../../runtime/index.js';
import { presenceAddress } from './addresses.js';
import { packSignals, unpackSignals } from './kept-signals.js';
import { KeptVehicle, type VehicleFacts, type VehicleNotices } from './kept-vehicle.js';

/** Signals of vehicles in memory past which those that were quiet longest leave it: some 100 MB. */
const MOST_SIGNALS_IN_MEMORY = 500_000;
/** What a vehicle takes besides, in signals. */
const VEHICLE_WEIGHT = 5;
/** Rows of a vehicle are no larger on average. */
const BYTES_PER_VEHICLE = 16 * 1024;

interface SignalsRow extends VehicleFacts {
  readonly signals: Uint8Array;
}

/** What is kept of all vehicles: in the store, and in memory of those that send. */
export class KeptVehicles {
  private readonly signals: Table<SignalsRow>;
  private readonly notices: Table<VehicleNotices>;
  /** The longest quiet first. */
  private readonly inMemory = new Map<string, KeptVehicle>();
  private signalsInMemory = 0;
  private readonly dirty = new Set<KeptVehicle>();
  /** Vehicles that there was no room for, since the start. */
  refused = 0;

  constructor(
    system: Pick<ActorSystem, 'table'>,
    settings: LastValuesSettings,
    private readonly mostInMemory = MOST_SIGNALS_IN_MEMORY,
  ) {
    const bounds = {
      mostRows: settings.maxVehicles,
      mostBytes: settings.maxVehicles * BYTES_PER_VEHICLE,
      overflow: 'reject',
    } as const;
    this.signals = system.table({ name: 'vehicle-signals', version: 1, ...bounds });
    this.notices = system.table({ name: 'vehicle-notices', version: 1, ...bounds });
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
    const known = this.inMemory.get(vin);
    if (known) return known;
    if (!presenceAddress(vin)) return undefined;
    const vehicle = this.load(vin) ?? newVehicle(vin);
    this.inMemory.set(vin, vehicle);
    this.signalsInMemory += vehicle.signals.size + VEHICLE_WEIGHT;
    this.makeRoom();
    return vehicle;
  }

  /** It is to be written; `signalsBefore` is how many it had. */
  changed(vehicle: KeptVehicle, signalsBefore: number): void {
    this.signalsInMemory += vehicle.signals.size - signalsBefore;
    this.dirty.add(vehicle);
    if (this.signalsInMemory <= this.mostInMemory) return;
    // What has just been used stays; what is to be written stays until it is.
    this.inMemory.delete(vehicle.vin);
    this.inMemory.set(vehicle.vin, vehicle);
    this.makeRoom();
  }

  /** Vehicles to write, as they are now. */
  takeDirty(): KeptVehicle[] {
    const vehicles = [...this.dirty];
    this.dirty.clear();
    return vehicles;
  }

  /** Writes a vehicle with the batch that gathers now. */
  write(vehicle: KeptVehicle): void {
    const { vin, facts, notices } = vehicle;
    if (vehicle.isDirty) {
      vehicle.isDirty = false;
      if (!this.signals.put(vin, { ...facts, signals: packSignals(vehicle.signals) })) this.refused++;
    }
    if (!vehicle.hasNewNotices) return;
    vehicle.hasNewNotices = false;
    if (!this.notices.put(vin, { ...notices })) this.refused++;
  }

  /** Forgets a vehicle; false if there was nothing. */
  remove(vin: string): boolean {
    const vehicle = this.inMemory.get(vin);
    if (vehicle) {
      this.leave(vehicle);
      this.dirty.delete(vehicle);
    }
    const hadNotices = this.notices.remove(vin);
    return this.signals.remove(vin) || hadNotices || vehicle !== undefined;
  }

  private leave(vehicle: KeptVehicle): void {
    this.inMemory.delete(vehicle.vin);
    this.signalsInMemory -= vehicle.signals.size + VEHICLE_WEIGHT;
  }

  /** The last one is in use. */
  private makeRoom(): void {
    for (const each of this.inMemory.values()) {
      const isRoomy = this.signalsInMemory <= this.mostInMemory || this.inMemory.size === 1;
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

function newVehicle(vin: string): KeptVehicle {
  const facts = {
    seq: -1,
    lastRecordAt: 0,
    lastDataAt: 0,
    createdAt: 0,
    origin: '',
    prefix: '',
    count: 0,
  };
  return new KeptVehicle(vin, facts, new Map(), { alerts: [], errors: [], gaps: [] });
}

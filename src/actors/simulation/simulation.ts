import { FIELD_NAMES } from '../../protocols/fleet-telemetry/records.js';
import {
  type ActorSystem,
  type ActorType,
  addressOf,
  type Clock,
  effect,
  type Ids,
  seededIds,
  systemIds,
} from '../../runtime/index.js';
import type { RefusedError } from './connection-error.js';
import type { DeviceCredentials } from './credentials.js';
import { SimulationError } from './errors.js';
import { type ConnectionInput, DEFAULT_TIMING, type VehicleInput } from './events.js';
import { FrameBatch } from './frame-batch.js';
import { Gate } from './gate.js';
import { type LoadPlan, RecordBudget } from './load-plan.js';
import { vehicleMachine } from './machine.js';
import { type LoadOptions, type ResolvedLoad, resolveLoad } from './options.js';
import { Pacer } from './pacer.js';
import { type Topic, topicDrawer } from './record-mix.js';
import { rotations, signalsFor } from './signals.js';
import { type DrainEnd, type RefusalCount, type SimulationStats, Statistics } from './statistics.js';
import { type TargetOptions, targetOf } from './target.js';
import { VirtualVehicle } from './virtual-vehicle.js';

export interface SimulationOptions extends LoadOptions, TargetOptions {
  /** One vehicle each. */
  readonly vehicles: readonly DeviceCredentials[];
}

export interface SimulationDeps {
  /** Where the vehicles live, as actors `virtual-vehicle/VIN`; one simulation a system. */
  readonly system: ActorSystem;
  /** @default those of the process; what they give is fresh in each run */
  readonly ids?: Ids;
  /** Told once for each reason why vehicles cannot connect. */
  readonly onRefused?: (refusal: RefusalCount) => void;
  readonly onAcked?: (vin: string, txid: string, topic: Topic) => void;
}

export interface Simulation {
  /** Lets the vehicles connect, as quickly as the ramp says. */
  start(): void;
  /**
   * Makes no more records, waits for what is un-acked at most `drainMs`, then closes the connections. Vehicles with
   * un-acked records that are on the way back try again promptly meanwhile.
   *
   * @param drainMs default 10 000
   */
  stop(drainMs?: number): Promise<DrainEnd>;
  stats(): SimulationStats;
  /** Counts from here on. */
  resetStats(): void;
  /** Ack latency since this was last asked, for a display: median and 99th percentile in ms. */
  recentLatency(): { readonly p50: number; readonly p99: number };
  /** Resolves when every vehicle is connected; rejects with `SIMULATION_REFUSED` when none can. */
  connected(): Promise<void>;
  /** Resolves when the records asked for are made and have their replies; rejects like {@link Simulation.connected}. */
  finished(): Promise<void>;
}

/** How often the waits above look. */
const LOOK_MS = 50;
const RAMP_STEP_MS = 20;
const HANDSHAKES_AT_ONCE = 64;
/** When each vehicle has failed so often and none ever connected, none will. */
const HOPELESS_TRIES = 3;
const DEFAULT_DRAIN_MS = 10_000;
/** For sockets to close after the vehicles were stopped. */
const CLOSE_MS = 2_000;

const TYPE_NAME = 'virtual-vehicle';

/**
 * Vehicles that load a server of the fleet-telemetry protocol, each with a certificate and connection of its own.
 *
 * @throws SimulationError for options that make no load, or a server that may not be loaded
 */
export function createSimulation(options: SimulationOptions, deps: SimulationDeps): Simulation {
  return new FleetSimulation(options, deps);
}

class FleetSimulation implements Simulation {
  private readonly clock: Clock;
  private readonly plan: LoadPlan;
  private readonly pacer: Pacer;
  private readonly vehicles: ReadonlyMap<string, VirtualVehicle>;
  private readonly load: ResolvedLoad;
  private readonly timing;
  private waiting: string[] = [];
  private isStopped = false;
  private drainEnd: DrainEnd | undefined;

  constructor(
    options: SimulationOptions,
    private readonly deps: SimulationDeps,
  ) {
    const target = targetOf(options);
    this.load = resolveLoad(options);
    this.timing = { ...DEFAULT_TIMING, ...options.timing };
    this.clock = deps.system.clock;
    this.pacer = new Pacer(this.clock);
    this.plan = planOf(this.load, this.pacer, deps);
    const { ids = systemIds } = deps;
    const gate = new Gate(HANDSHAKES_AT_ONCE);
    this.vehicles = new Map(
      options.vehicles.map((credentials) => {
        const { vin } = credentials;
        const vehicle = new VirtualVehicle({
          plan: this.plan,
          target,
          credentials,
          gate,
          // 22 hex digits (FT-CLI-2) of a random id.
          txidPrefix: ids.uuid().replaceAll('-', '').slice(0, 22),
          uniform: seededIds(`${this.load.seed}/${vin}`).uniform,
          connectionId: () => ids.uuid(),
          networkInterface: this.load.networkInterface,
          clientVersion: this.load.clientVersion,
          onRefused: (error) => this.refused(vin, error),
        });
        return [vin, vehicle];
      }),
    );
    if (this.vehicles.size < options.vehicles.length) {
      throw new SimulationError('SIMULATION_CERTIFICATES', 'two certificates are of the same vehicle', 'remove one');
    }
    deps.system.register(this.actorType());
  }

  start(): void {
    const { system } = this.deps;
    for (const vin of this.vehicles.keys()) {
      system.spawn(addressOf(TYPE_NAME, vin), { vin, timing: this.timing } satisfies VehicleInput);
    }
    this.waiting = [...this.vehicles.keys()];
    this.ramp(this.clock.monotonic(), 0);
  }

  async stop(drainMs = DEFAULT_DRAIN_MS): Promise<DrainEnd> {
    if (this.drainEnd) return this.drainEnd;
    this.plan.budget.end();
    this.waiting = [];
    for (const [vin, { pump }] of this.vehicles) {
      if (pump.unacked > 0) this.deps.system.tell(addressOf(TYPE_NAME, vin), { type: 'HURRY' });
    }
    await this.until(() => this.unacked === 0 || this.isHopeless, drainMs);
    this.isStopped = true;
    this.drainEnd ??= this.drained();
    this.pacer.stop();
    for (const vin of this.vehicles.keys()) this.deps.system.tell(addressOf(TYPE_NAME, vin), { type: 'STOP' });
    await this.until(() => {
      for (const vehicle of this.vehicles.values()) vehicle.close();
      return this.connectedCount === 0;
    }, CLOSE_MS);
    return this.drainEnd;
  }

  stats(): SimulationStats {
    const total = this.vehicles.size;
    const connected = this.connectedCount;
    const failing = [...this.vehicles.values()].filter(
      ({ hasConnected, failedTries }) => !hasConnected && failedTries > 0,
    );
    const vehicles = { total, connected, notConnected: total - connected, neverConnected: failing.length };
    return this.plan.statistics.summary(this.clock.monotonic(), vehicles, this.unacked);
  }

  resetStats(): void {
    this.plan.statistics.reset(this.clock.monotonic());
  }

  recentLatency(): { p50: number; p99: number } {
    const { recentLatency } = this.plan.statistics;
    const recent = { p50: recentLatency.percentile(0.5), p99: recentLatency.percentile(0.99) };
    recentLatency.reset();
    return recent;
  }

  async connected(): Promise<void> {
    await this.until(() => this.isStopped || this.isHopeless || this.connectedCount === this.vehicles.size);
    this.throwIfHopeless();
  }

  async finished(): Promise<void> {
    const { budget } = this.plan;
    await this.until(() => this.isStopped || this.isHopeless || (budget.isSpent && this.unacked === 0));
    this.throwIfHopeless();
  }

  private actorType(): ActorType {
    const vehicleOf = ({ vin }: ConnectionInput): VirtualVehicle => {
      const vehicle = this.vehicles.get(vin);
      if (!vehicle) throw new SimulationError('SIMULATION_OPTION', `there is no vehicle ${vin}`);
      return vehicle;
    };
    const actors = {
      connect: effect<void, ConnectionInput>((args) => vehicleOf(args.input).connect(args)),
      stream: effect<never, ConnectionInput>((args) => vehicleOf(args.input).stream(args)),
    };
    return {
      name: TYPE_NAME,
      version: 1,
      machine: vehicleMachine.provide({ actors }),
      durability: 'none',
      idleAfterMs: 'never',
    };
  }

  /** Tells those vehicles to connect whose turn has come by now. */
  private ramp(startedAt: number, told: number): void {
    const due = Math.ceil(((this.clock.monotonic() - startedAt + RAMP_STEP_MS) * this.load.rampPerSecond) / 1000);
    const turn = this.waiting.splice(0, due - told);
    for (const vin of turn) this.deps.system.tell(addressOf(TYPE_NAME, vin), { type: 'CONNECT' });
    if (this.waiting.length > 0) {
      this.clock.setTimeout(() => this.ramp(startedAt, told + turn.length), RAMP_STEP_MS);
    }
  }

  private refused(vin: string, { failure }: RefusedError): void {
    // What was still connecting at the stop is nobody's fault.
    if (this.isStopped) return;
    const isFirst = this.plan.statistics.refuse(vin, failure);
    if (isFirst) this.deps.onRefused?.({ ...failure, vin, count: 1 });
  }

  private drained(): DrainEnd {
    const lost = [...this.vehicles.values()].filter(({ isConnected }) => !isConnected);
    return { notConnected: lost.length, theirUnacked: lost.reduce((sum, { pump }) => sum + pump.unacked, 0) };
  }

  private get unacked(): number {
    let sum = 0;
    for (const { pump } of this.vehicles.values()) sum += pump.unacked;
    return sum;
  }

  private get connectedCount(): number {
    let count = 0;
    for (const vehicle of this.vehicles.values()) if (vehicle.isConnected) count += 1;
    return count;
  }

  private get isHopeless(): boolean {
    for (const vehicle of this.vehicles.values()) {
      if (vehicle.hasConnected || vehicle.failedTries < HOPELESS_TRIES) return false;
    }
    return this.vehicles.size > 0;
  }

  private throwIfHopeless(): void {
    if (!this.isHopeless) return;
    const { lastRefusal } = this.plan.statistics;
    throw new SimulationError(
      'SIMULATION_REFUSED',
      `no vehicle could connect: ${lastRefusal?.check ?? 'no reason is known'}`,
      lastRefusal?.whatToDo,
    );
  }

  /** Resolves when the condition holds, or after `limitMs`. */
  private until(condition: () => boolean, limitMs = Number.POSITIVE_INFINITY): Promise<void> {
    const end = this.clock.monotonic() + limitMs;
    return new Promise((resolve) => {
      const look = (): void => {
        if (condition() || this.clock.monotonic() >= end) resolve();
        else this.clock.setTimeout(look, LOOK_MS);
      };
      look();
    });
  }
}

function planOf(load: ResolvedLoad, pacer: Pacer, deps: SimulationDeps): LoadPlan {
  const { clock } = deps.system;
  const signals = signalsFor(load.fields, FIELD_NAMES);
  const { uniform } = deps.ids ?? systemIds;
  return {
    clock,
    startedAt: clock.monotonic(),
    signals,
    rotations: rotations(signals.length, load.fields),
    payloadBytes: load.payloadBytes,
    intervalMs: load.perSecond === 0 ? 0 : 1000 / load.perSecond,
    window: load.window,
    resendAfterMs: load.resendAfterMs,
    fullAfterMs: load.fullAfterMs,
    drawTopic: topicDrawer(load.mix),
    // Never 0, which would be no mask.
    mask: 1 + Math.floor(uniform() * 255),
    countsEcho: load.countsEcho,
    budget: new RecordBudget(load.records),
    pacer,
    batch: new FrameBatch(),
    statistics: new Statistics(clock.monotonic()),
    onAcked: deps.onAcked,
  };
}

import type { PresenceSettings } from '../../protocols/fleet-telemetry/index.js';
import {
  type ActorSystem,
  type ActorType,
  type Address,
  type Clock,
  type Logger,
  PeerLines,
  type Table,
  type TimerHandle,
  within,
} from '../../runtime/index.js';
import { PRESENCE_TYPE, presenceAddress, vinOf } from './addresses.js';
import type { PresenceEvent, PresenceInput, PresenceName, PresenceOutput, VehicleConnection } from './events.js';
import type { Gap } from './gaps.js';
import { presenceMachine } from './machine.js';
import { presenceRows } from './presence-rows.js';
import { presenceSummary } from './views.js';

/** A vehicle's presence changes seldom: it sleeps soon, and wakes for the next change. */
const IDLE_AFTER_MS = 5_000;
const ALIVE_EVERY_MS = 10_000;
/** Vehicles that are told of a restart at once, and how long the next ones wait for them: awake they take memory. */
const PAGE = 1_000;
const PAGE_MS = 1_000;
/** Lines that one vehicle has, whatever it does. */
const LINES_A_MINUTE = 5;

/** What a vehicle's chart needs, and nothing of the process around it: enough for a replay. */
export const presenceType = { name: PRESENCE_TYPE, version: 1, machine: presenceMachine } as const;

export interface PresenceDeps {
  readonly settings: PresenceSettings;
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly gap: (vin: string, gap: Gap) => void;
}

/** The presence of all vehicles: an actor each, told of connections (FT-CON-4). */
export class Presence {
  readonly type: ActorType;
  /** How many are in which state. */
  readonly states = new Map<PresenceName, number>([
    ['online', 0],
    ['silent', 0],
    ['leaving', 0],
    ['returning', 0],
    ['offline', 0],
  ]);
  /** When the hub was last up, so that an outage has a beginning. */
  private readonly alive: Table<{ readonly at: number }>;
  private readonly lines: PeerLines;
  private timer: TimerHandle;
  /** Until all vehicles are counted: the last one that is. Of those behind it no change counts yet. */
  private countedTo: string | undefined = '';

  constructor(private readonly deps: PresenceDeps) {
    this.type = {
      ...presenceType,
      durability: 'committed',
      idleAfterMs: IDLE_AFTER_MS,
      // While the hub was down nobody could come back.
      overdue: { offlineAfter: 'restart', restartGrace: 'restart' },
      summary: presenceSummary,
      outputs: {
        presence: (output) => this.changed(output as PresenceOutput & { type: 'presence' }),
        gap: (output) => {
          const { vin, kind, from, to } = output as PresenceOutput & { type: 'gap' };
          deps.gap(vin, { kind, from, to, times: 1 });
        },
      },
    };
    this.lines = new PeerLines({ clock: deps.clock, perMinute: LINES_A_MINUTE });
    this.alive = deps.system.table({ name: 'hub-alive', mostRows: 1, mostBytes: 1_024, overflow: 'reject' });
  }

  /** Before connections are taken: none from before the start lives. */
  async start(): Promise<void> {
    if (this.countedTo !== undefined) await this.takeUp();
    this.beat();
  }

  stop(): void {
    this.deps.clock.clearTimeout(this.timer);
    this.noteAlive();
  }

  opened(vin: string, connection: VehicleConnection): void {
    const address = presenceAddress(vin);
    if (!address) return;
    const { offlineAfterMs, restartGraceMs } = this.deps.settings;
    const timing = { offlineAfterMs, restartGraceMs };
    const input: PresenceInput = { vin, timing };
    this.deps.system.spawn(address, input);
    this.deps.system.tell(address, { type: 'CONNECTED', connection, timing } as PresenceEvent);
  }

  closed(vin: string, id: string): void {
    this.tell(vin, { type: 'DISCONNECTED', id });
  }

  tell(vin: string, event: PresenceEvent): void {
    const address = presenceAddress(vin);
    if (address) this.deps.system.tell(address, event);
  }

  /** Erases what is known of a vehicle that is not there. */
  async forget(vin: string): Promise<void> {
    const address = presenceAddress(vin);
    const state = address && this.deps.system.peek(address)?.value;
    if (!address || state === undefined) return;
    await this.deps.system.remove(address);
    this.count(state as PresenceName, -1);
  }

  /** Counts the vehicles that are known, and tells those that were there of the restart. */
  private async takeUp(): Promise<void> {
    const { system, clock } = this.deps;
    const upAt = clock.now();
    const downSince = this.alive.get('hub')?.at ?? upAt;
    let seen = 0;
    for (let cursor: Address | undefined, isDone = false; !isDone; ) {
      isDone = true;
      for (const { address, row } of presenceRows(system, cursor, PAGE)) {
        isDone = false;
        seen++;
        cursor = address;
        this.countedTo = vinOf(address);
        const state = String(row['state']) as PresenceName;
        this.count(state, 1);
        if (state !== 'offline') system.tell(address, { type: 'HUB_RESTARTED', downSince, upAt } as PresenceEvent);
      }
      await within(clock, system.settled(), PAGE_MS);
    }
    this.countedTo = undefined;
    if (seen > 0) this.deps.logger.info({ vehicles: seen, downSince }, 'presence_restored');
  }

  private changed({ from, to, presence }: PresenceOutput & { type: 'presence' }): void {
    const { vin, connectionsTotal, latest, since } = presence;
    if (this.countedTo === undefined || vin <= this.countedTo) {
      // A vehicle that was never here before was not counted among the others.
      if (connectionsTotal > 1 || from !== 'offline') this.count(from, -1);
      this.count(to, 1);
    }
    // Who is back before it counts as offline never went away.
    if (to === 'online' && from !== 'offline' && from !== 'silent') return;
    const message = LINES[to];
    const untold = message === undefined ? undefined : this.lines.tell(vin);
    if (message === undefined || untold === undefined) return;
    const repeated = untold > 0 ? { repeated: untold } : {};
    this.deps.logger.info({ vin, from, since, network_interface: latest?.networkInterface, ...repeated }, message);
  }

  private count(state: PresenceName, by: 1 | -1): void {
    this.states.set(state, Math.max(0, (this.states.get(state) ?? 0) + by));
  }

  private beat(): void {
    this.deps.clock.clearTimeout(this.timer);
    this.noteAlive();
    this.timer = this.deps.clock.setTimeout(() => this.beat(), ALIVE_EVERY_MS);
  }

  private noteAlive(): void {
    this.alive.put('hub', { at: this.deps.clock.now() });
  }
}

/** What is worth a line; a connection that comes or goes has its own. */
const LINES: Partial<Record<PresenceName, string>> = {
  online: 'vehicle_online',
  offline: 'vehicle_offline',
  silent: 'vehicle_silent',
};

import type { LastValuesSettings, PresenceSettings } from '../../protocols/fleet-telemetry/index.js';
import {
  type ActorSystem,
  type ActorType,
  type Child,
  type Clock,
  type HttpRoutes,
  type Logger,
  type Metrics,
  PeerLines,
  RepeatedFailures,
} from '../../runtime/index.js';
import type { Spool } from '../dispatch/index.js';
import type { ConnectionFacts } from './events.js';
import { Follower } from './follower.js';
import type { Gap } from './gaps.js';
import type { Taking } from './kept-vehicle.js';
import { KeptVehicles } from './kept-vehicles.js';
import { Presence } from './presence.js';
import { vehicleRoutes } from './routes.js';
import { SilenceWatch } from './silence-watch.js';
import { VehicleMetrics } from './vehicle-metrics.js';

export type { ConnectionFacts } from './events.js';
export type { Gap } from './gaps.js';
export type { KeptAlert, KeptError } from './notices.js';
export { presenceType } from './presence.js';
export type { SignalRow, VehicleRow } from './views.js';

/** The reader of the spool that last values are made from. */
export const LAST_VALUES_READER = 'lastValues';

/** Lines of gaps that one vehicle has in a minute, whatever it sends. */
const GAPS_A_MINUTE = 5;

export interface VehiclesDeps {
  readonly presence: PresenceSettings;
  readonly lastValues: LastValuesSettings | undefined;
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** The connections that live now. */
  readonly connections: () => Iterable<ConnectionFacts>;
}

/** What a hub knows of vehicles: their presence, last values, alerts, errors and gaps. */
export interface Vehicles {
  readonly type: ActorType;
  /** Starts before connections are taken, and stops after they are gone. */
  readonly child: Child;
  readonly routes: HttpRoutes;
  opened(connection: ConnectionFacts): void;
  closed(connection: ConnectionFacts): void;
  /** Where records are read from, and the place of the newest there; before the start. */
  follow(spool: Spool, lastSeq: () => number): void;
}

export function createVehicles(deps: VehiclesDeps): Vehicles {
  const { system, clock, logger, lastValues: settings } = deps;
  const kept = settings && new KeptVehicles(system, settings);
  const gapLines = new PeerLines({ clock, perMinute: GAPS_A_MINUTE });
  let spool: Spool | undefined;
  let newest = (): number => -1;
  let follower: Follower | undefined;

  const tellGap = (vin: string, gap: Gap, isNew: boolean): void => {
    metrics.gap(gap, isNew);
    const untold = isNew ? gapLines.tell(vin) : undefined;
    if (untold === undefined) return;
    logger.info({ vin, ...gap, ...(untold > 0 ? { repeated: untold } : {}) }, 'telemetry_gap');
  };
  const presence = new Presence({
    settings: deps.presence,
    system,
    clock,
    logger,
    gap: (vin, gap) => {
      if (!kept || !settings) return tellGap(vin, gap, true);
      const vehicle = kept.open(vin);
      if (!vehicle) return;
      const isNew = vehicle.addGap(gap, settings.maxGaps);
      kept.changed(vehicle);
      // It has no record that would be read again after a crash.
      kept.write(vehicle);
      tellGap(vin, gap, isNew);
    },
  });
  const metrics = new VehicleMetrics({
    metrics: deps.metrics,
    states: presence.states,
    kept: kept && { vehicles: kept, records: () => follower?.counts.records ?? 0 },
    backlog: () => ({ items: spool?.pending().items ?? 0, dropped: spool?.dropped ?? 0 }),
  });
  const { silentAfterMs } = deps.presence;
  const silence =
    silentAfterMs === undefined
      ? undefined
      : new SilenceWatch({
          clock,
          silentAfterMs,
          connections: deps.connections,
          silent: (vin, since) => presence.tell(vin, { type: 'SILENT', since }),
          heard: (vin, at) => presence.tell(vin, { type: 'HEARD', at }),
        });

  return {
    type: presence.type,
    child: {
      name: 'vehicles',
      kind: 'service',
      start: async () => {
        await presence.start();
        follower?.start();
        silence?.start();
      },
      stop: async () => {
        silence?.stop();
        follower?.stop();
        presence.stop();
      },
    },
    routes: vehicleRoutes({
      system,
      presence,
      kept,
      connections: deps.connections,
      forget: (vin) => kept?.remove(vin, newest()) ?? false,
    }),
    opened: ({ vin, id, deviceType, networkInterface, clientVersion, since }) =>
      presence.opened(vin, { id, deviceType, networkInterface, clientVersion, since }),
    closed: ({ vin, id }) => presence.closed(vin, id),
    follow: (reader, lastSeq) => {
      if (!kept || !settings) return;
      spool = reader;
      newest = lastSeq;
      const found: Taking['found'] = (vin, taken) => tellGap(vin, taken.gap, taken.isNew);
      const failures = new RepeatedFailures({ logger, clock, message: 'last_values_failed' });
      const failed = (error: Error): void => failures.failed(LAST_VALUES_READER, {}, error);
      follower = new Follower({ spool: reader, vehicles: kept, settings, clock, found, failed });
    },
  };
}

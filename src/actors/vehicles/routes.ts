import { setImmediate as turn } from 'node:timers/promises';
import { Type } from '@sinclair/typebox';
import { type ActorSystem, FleetchartError, type HttpRoutes, type SummaryRow } from '../../runtime/index.js';
import { presenceAddress, vinOf } from './addresses.js';
import type { ConnectionFacts, PresenceContext, PresenceName } from './events.js';
import type { KeptVehicle } from './kept-vehicle.js';
import type { KeptVehicles } from './kept-vehicles.js';
import type { Presence } from './presence.js';
import { presenceRows } from './presence-rows.js';
import { isOnline, isSignalName, presenceSummary, signalViews, type VehicleRow, vehicleRow } from './views.js';

/** `VEHICLE_*`: what is asked of a vehicle cannot be answered. */
class VehicleError extends FleetchartError {}

export interface VehicleRoutesDeps {
  readonly system: ActorSystem;
  readonly presence: Presence;
  readonly kept: KeptVehicles | undefined;
  readonly connections: () => Iterable<ConnectionFacts>;
  /** Erases what is kept of a vehicle; false if nothing is. */
  readonly forget: (vin: string) => boolean;
}

const PAGE = 100;
/** Vehicles that are looked at for one page, and how many at once: between them the loop turns. */
const MOST_SCANNED = 5_000;
const SCANNED_AT_ONCE = 200;
const MOST_NAMES = 300;
const Vin = Type.Object({ vin: Type.String() });
const Listed = Type.Object({
  online: Type.Optional(Type.Boolean()),
  state: Type.Optional(Type.String()),
  q: Type.Optional(Type.String()),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
  cursor: Type.Optional(Type.String()),
});
const Named = Type.Object({ name: Type.Optional(Type.String()) });

/** Below `/api/v1/vehicles`: who is there, and what is known of each. */
export function vehicleRoutes({ system, presence, kept, connections, forget }: VehicleRoutesDeps): HttpRoutes {
  const presenceOf = (vin: string) => {
    const address = presenceAddress(vin);
    const chart = address && system.peek(address);
    if (!address || !chart) throw new VehicleError('VEHICLE_UNKNOWN', `no vehicle ${vin} has connected here`);
    return { address, state: String(chart.value) as PresenceName, context: chart.context as PresenceContext };
  };
  /** Of a vehicle that is known; without records there is nothing to show. */
  const keptOf = (vin: string): KeptVehicle | undefined => {
    if (!kept) {
      throw new VehicleError('LAST_VALUES_UNSUPPORTED', 'last values are switched off: see fleetchart.lastValues');
    }
    const vehicle = kept.find(vin);
    if (!vehicle) presenceOf(vin);
    return vehicle;
  };
  const connectionsOf = (vin: string) => {
    const found = [];
    for (const connection of connections()) if (connection.vin === vin) found.push(connection);
    return found.map(({ vin: _, lastRecordAt, ...facts }) => ({ ...facts, lastRecordAt: lastRecordAt ?? null }));
  };

  return (app) => {
    app.get('/api/v1/vehicles', { schema: { querystring: Listed } }, async (request) => {
      const { online, state, q, limit = PAGE, cursor = '' } = request.query;
      const vehicles: VehicleRow[] = [];
      let scanned = 0;
      let last = presenceAddress(cursor);
      const isFull = (): boolean => vehicles.length >= limit || scanned >= MOST_SCANNED;
      for (let isMore = true; isMore && !isFull(); ) {
        if (scanned > 0) await turn();
        const rows = presenceRows(system, last, SCANNED_AT_ONCE);
        isMore = rows.length === SCANNED_AT_ONCE;
        for (const { address, row } of rows) {
          if (isFull()) break;
          scanned++;
          last = address;
          const vin = vinOf(address);
          if (!matches(vin, row, { online, state, q })) continue;
          const vehicle = vehicleRow(vin, row);
          vehicles.push({ ...vehicle, lastSeenAt: Math.max(vehicle.lastSeenAt, kept?.lastRecordAt(vin) ?? 0) });
        }
      }
      const next = last && isFull() && presenceRows(system, last, 1).length > 0 ? vinOf(last) : null;
      return { vehicles, next, states: Object.fromEntries(presence.states) };
    });

    app.get('/api/v1/vehicles/:vin', { schema: { params: Vin } }, async (request) => {
      const { vin } = request.params;
      const { address, state, context } = presenceOf(vin);
      const { connectionsTotal, shortDrops, silentSince, outage } = context;
      const live = connectionsOf(vin);
      const facts = kept?.find(vin)?.facts;
      const heardAt = live.map(({ lastRecordAt }) => lastRecordAt ?? 0);
      const lastRecordAt = Math.max(facts?.lastRecordAt ?? 0, ...heardAt) || null;
      return {
        ...vehicleRow(vin, presenceSummary({ value: state, context })),
        lastSeenAt: Math.max(context.lastSeenAt, lastRecordAt ?? 0),
        lastRecordAt,
        connectionsTotal,
        shortDrops,
        silentSince,
        outage,
        connections: live,
        waits: system.view(address)?.waits ?? [],
      };
    });

    app.get(
      '/api/v1/vehicles/:vin/signals',
      { schema: { params: Vin, querystring: Named } },
      async (request, reply) => {
        const { vin } = request.params;
        const names = request.query.name?.split(',').slice(0, MOST_NAMES);
        const unknown = names?.find((name) => !isSignalName(name));
        if (unknown !== undefined) throw new VehicleError('SIGNAL_INVALID', `there is no signal ${unknown}`);
        const vehicle = keptOf(vin);
        // The place of the last record in the spool is never used twice.
        const etag = `W/"${vehicle?.facts.seq ?? 0}"`;
        reply.header('etag', etag).header('cache-control', 'no-cache');
        if (request.headers['if-none-match'] === etag) return reply.code(304).send();
        return {
          vin,
          lastRecordAt: vehicle?.facts.lastRecordAt || null,
          signals: vehicle ? signalViews(vehicle, names) : [],
        };
      },
    );

    app.get('/api/v1/vehicles/:vin/gaps', { schema: { params: Vin } }, async (request) => {
      const { vin } = request.params;
      return { vin, gaps: (keptOf(vin)?.notices.gaps ?? []).toReversed().map(({ prefix: _, ...gap }) => gap) };
    });

    app.get('/api/v1/vehicles/:vin/alerts', { schema: { params: Vin } }, async (request) => {
      const { vin } = request.params;
      const { alerts = [], errors = [] } = keptOf(vin)?.notices ?? {};
      const newest = alerts.toReversed();
      return {
        vin,
        active: newest.filter(({ endedAt }) => endedAt === null),
        ended: newest.filter(({ endedAt }) => endedAt !== null),
        errors: errors.toReversed(),
      };
    });

    app.delete('/api/v1/vehicles/:vin', { schema: { params: Vin } }, async (request, reply) => {
      const { vin } = request.params;
      const address = presenceAddress(vin);
      const state = address && system.peek(address)?.value;
      if (state !== undefined && state !== 'offline') {
        throw new VehicleError(
          'VEHICLE_CONFLICT',
          `${vin} is ${String(state)}; only a vehicle that is offline can be forgotten`,
        );
      }
      // Values may be there without presence, and the other way round.
      if (!forget(vin)) presenceOf(vin);
      await presence.forget(vin);
      return reply.code(204).send();
    });
  };
}

interface Wanted {
  readonly online: boolean | undefined;
  readonly state: string | undefined;
  readonly q: string | undefined;
}

function matches(vin: string, row: SummaryRow, { online, state, q }: Wanted): boolean {
  if (online !== undefined && isOnline(String(row['state'])) !== online) return false;
  if (state !== undefined && row['state'] !== state) return false;
  return q === undefined || vin.toLowerCase().includes(q.toLowerCase());
}

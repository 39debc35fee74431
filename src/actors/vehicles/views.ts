import { fieldName, fieldNumber, readSignal } from '../../protocols/fleet-telemetry/index.js';
import type { SummaryRow } from '../../runtime/index.js';
import type { PresenceContext, PresenceName } from './events.js';
import { AHEAD, CUT, type KeptSignal } from './kept-signals.js';
import type { KeptVehicle } from './kept-vehicle.js';

/** The row of a vehicle that lists are made from; the runtime keeps it beside the actor (RT-12). */
export function presenceSummary({ value, context }: { value: unknown; context: unknown }): SummaryRow {
  const { since, lastSeenAt, sessions, connections, latest } = context as PresenceContext;
  return {
    state: String(value),
    since,
    lastSeenAt,
    sessions,
    connectionCount: connections.length,
    networkInterface: latest?.networkInterface ?? '',
    clientVersion: latest?.clientVersion ?? '',
    deviceType: latest?.deviceType ?? '',
  };
}

/** Whether a vehicle in that state counts as online: a short drop does not show, nor does a restart of the hub. */
export const isOnline = (state: string): boolean => state !== 'offline';

/** An entry of `GET /api/v1/vehicles`. */
export function vehicleRow(vin: string, row: SummaryRow) {
  const state = String(row['state']) as PresenceName;
  return {
    vin,
    online: isOnline(state),
    state,
    since: Number(row['since']),
    lastSeenAt: Number(row['lastSeenAt']),
    sessions: Number(row['sessions']),
    connectionCount: Number(row['connectionCount']),
    networkInterface: String(row['networkInterface']),
    clientVersion: String(row['clientVersion']),
    deviceType: String(row['deviceType']),
  };
}

export type VehicleRow = ReturnType<typeof vehicleRow>;
export type SignalRow = ReturnType<typeof signalView>;

/** Signals in the order of their names. */
export function signalViews(vehicle: KeptVehicle, wanted?: readonly string[]) {
  const views = [];
  for (const [field, signal] of vehicle.signals) {
    const name = fieldName(field);
    if (!wanted || wanted.includes(name)) views.push(signalView(field, name, signal));
  }
  return views.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function signalView(field: number, name: string, signal: KeptSignal) {
  const { createdAt, receivedAt, changedAt, flags } = signal;
  const reading = readSignal(field, Buffer.from(signal.bytes, 'latin1'));
  return {
    name,
    field,
    ...reading,
    createdAt,
    receivedAt,
    changedAt,
    ...((flags & AHEAD) === 0 ? {} : { clockAhead: true }),
    ...((flags & CUT) === 0 ? {} : { cut: true }),
  };
}

export const isSignalName = (name: string): boolean => fieldNumber(name) !== undefined;

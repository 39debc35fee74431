/** Telemetry ingest, and what is made of it for each vehicle. */
import { createTelemetry, type Telemetry, type TelemetryDeps } from './actors/telemetry/index.js';
import { type ConnectionFacts, createVehicles, LAST_VALUES_READER, type Vehicles } from './actors/vehicles/index.js';
import type { TelemetrySettings } from './protocols/fleet-telemetry/server-settings.js';

export function createIngest(
  settings: TelemetrySettings,
  deps: Omit<TelemetryDeps, 'settings' | 'follower' | 'opened' | 'closed'>,
): { readonly telemetry: Telemetry; readonly vehicles: Vehicles } {
  const vehicles = createVehicles({
    ...deps,
    presence: settings.presence,
    lastValues: settings.lastValues,
    connections: () => factsOfAll(telemetry),
  });
  const telemetry: Telemetry = createTelemetry({
    ...deps,
    settings,
    ...(settings.lastValues ? { follower: LAST_VALUES_READER } : {}),
    opened: (connection) => vehicles.opened(factsOf(connection)),
    closed: (connection) => vehicles.closed(factsOf(connection)),
  });
  return { telemetry, vehicles };
}

type LiveConnection = Parameters<NonNullable<TelemetryDeps['opened']>>[0];

function* factsOfAll({ connections }: Telemetry): Generator<ConnectionFacts> {
  for (const connection of connections.all()) yield factsOf(connection);
}

function factsOf({ input, since, records, bytes, lastRecordAt }: LiveConnection): ConnectionFacts {
  const { connectionId: id, identity, networkInterface, clientVersion, remote } = input;
  const { deviceId: vin, clientType: deviceType } = identity;
  return { id, vin, deviceType, networkInterface, clientVersion, remote, since, records, bytes, lastRecordAt };
}

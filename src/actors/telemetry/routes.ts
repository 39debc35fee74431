import type { ActorSystem, HttpRoutes } from '../../runtime/index.js';
import { connectionAddress } from './connection-address.js';
import type { Connections } from './connections.js';

const MOST_LISTED = 1_000;

/** `GET /api/v1/telemetry/connections`: who is connected, and what has come of it. */
export function telemetryRoutes(connections: Connections, system: ActorSystem): HttpRoutes {
  return (app) => {
    app.get('/api/v1/telemetry/connections', async () => {
      const listed = [];
      for (const { input, since, records, bytes, acks, lastRecordAt } of connections.all()) {
        if (listed.length >= MOST_LISTED) break;
        const { connectionId, identity, networkInterface, remote } = input;
        listed.push({
          id: connectionId,
          vin: identity.deviceId,
          deviceType: identity.clientType,
          networkInterface,
          remote,
          since,
          records,
          bytes,
          acks,
          state: String(system.peek(connectionAddress(connectionId))?.value ?? 'handshaking'),
          lastRecordAt: lastRecordAt ?? null,
        });
      }
      return { connections: listed, total: connections.size };
    });
  };
}

import { encodeConnectivity } from '../../protocols/fleet-telemetry/index.js';
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

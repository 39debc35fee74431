/**
 * Connections that stay idle, in a process of their own: each has sent one record and read its acknowledgement. Opens
 * as many as the first message says and reports when all of them rest; ends when its parent lets go of it.
 */
import { once } from 'node:events';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { DeviceCredentials } from '../src/actors/simulation/index.js';
import { encodeStream, vehicleMessage } from '../src/protocols/fleet-telemetry/index.js';

export interface Idle {
  readonly port: number;
  readonly ca: string;
  readonly vehicles: readonly DeviceCredentials[];
  readonly connections: number;
  /** Handshakes at a time. */
  readonly atOnce: number;
}

const PAYLOAD_BYTES = 1_000;
/** Any mask does; with zeros the bytes stay what they are. */
const MASK = Buffer.alloc(4);

function frame(message: Uint8Array): Buffer {
  const head = Buffer.from([0x82, 0x80 | 126, message.length >> 8, message.length & 0xff]);
  return Buffer.concat([head, MASK, message]);
}

/** `VehicleData` with a vin and a field that nobody knows, so that it has the size of a real one. */
function record(vin: string): Uint8Array {
  const field = Buffer.from([0xfa, 0x7f, (PAYLOAD_BYTES & 0x7f) | 0x80, PAYLOAD_BYTES >> 7]);
  const payload = Buffer.concat([
    Buffer.from([0x12, vin.length]),
    Buffer.from(vin),
    field,
    Buffer.alloc(PAYLOAD_BYTES),
  ]);
  return encodeStream(vehicleMessage(vin, { txid: 'idle', topic: 'V', payload, createdAtMs: 0 }));
}

/** Vehicles answer pings; a server that sends some ends a connection which does not. */
const PING = 0x89;
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

const upgrade =
  'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nVersion: 1.2.0\r\n\r\n';

async function open(port: number, vin: string, secureContext: SecureContext): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', secureContext });
  socket.on('error', (error) => {
    console.error(`an idle connection failed: ${error.message}`);
    process.exit(1);
  });
  await once(socket, 'secureConnect');
  socket.write(upgrade);
  await once(socket, 'data');
  socket.write(frame(record(vin)));
  await once(socket, 'data');
  socket.on('data', (bytes: Buffer) => {
    if (bytes[0] === PING) socket.write(PONG);
  });
  return socket;
}

process.once('message', async ({ port, ca, vehicles, connections, atOnce }: Idle) => {
  const contexts = vehicles.map(({ certificatePem: cert, keyPem: key }) => createSecureContext({ ca, cert, key }));
  const sockets: TLSSocket[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < connections) {
      const index = next++ % vehicles.length;
      sockets.push(await open(port, vehicles[index]?.vin ?? '', contexts[index] as SecureContext));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  process.send?.({ connections: sockets.filter(({ destroyed }) => !destroyed).length });
});
process.on('disconnect', () => process.exit(0));

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  type Authority,
  createAuthority,
  issueServerCertificate,
  VEHICLE_AUTHORITY_NAME,
} from '../../src/actors/provisioning/index.js';
import { type DeviceCredentials, issueCredentials } from '../../src/actors/simulation/index.js';
import { decodeEnvelope, encodeAck, encodeError } from '../../src/protocols/fleet-telemetry/index.js';

/** A record as the server got it. */
export interface ReceivedRecord {
  /** CN of the client certificate. */
  readonly vin: string;
  readonly txid: string;
  readonly topic: string;
  readonly senderId: string;
  readonly deviceType: string;
  readonly deviceId: string;
  readonly createdAt: number;
  readonly payload: Uint8Array;
  readonly message: Uint8Array;
  /** Which connection of the server, from 0. */
  readonly connection: number;
}

/** What to answer: `error` with its txid, `blankError` without one, `nothing`, or bytes of one's own. */
export type Answer = 'ack' | 'error' | 'blankError' | 'nothing' | 'echo' | Uint8Array;

export interface FakeServerOptions {
  /** @default acks everything */
  readonly answer?: (record: ReceivedRecord) => Answer;
  /** Trusted in place of the authority that the server's certificate is of. */
  readonly deviceAuthority?: Authority;
  /** Called with each new connection, before anything is read. */
  readonly onConnection?: (socket: WebSocket, number: number) => void;
  /** Names of the server's certificate. @default localhost, 127.0.0.1 */
  readonly names?: readonly string[];
  /** What answers the upgrade instead of 101. */
  readonly upgradeStatus?: string;
}

/** A server of the fleet-telemetry protocol that does as a test wants. */
export interface FakeServer {
  readonly url: string;
  /** PEM, of the server's certificate. */
  readonly ca: string;
  readonly authority: Authority;
  readonly records: ReceivedRecord[];
  /** Headers of each upgrade. */
  readonly upgrades: IncomingMessage['headers'][];
  /** Live connections. */
  readonly sockets: ReadonlySet<WebSocket>;
  /** Certificates that it accepts. */
  devices(count: number): Promise<DeviceCredentials[]>;
  /** Changes what is answered from now on. */
  answer(how: (record: ReceivedRecord) => Answer): void;
  /** Ends all connections without a close frame. */
  cut(): void;
}

let sharedAuthority: Promise<Authority> | undefined;

/** One for all tests of a file: making it is what takes time. */
export function testAuthority(): Promise<Authority> {
  sharedAuthority ??= createAuthority({ commonName: VEHICLE_AUTHORITY_NAME, organization: 'Test' });
  return sharedAuthority;
}

/** Starts it on a free port of loopback; it ends with the test. */
export async function startTelemetryServer(t: TestContext, options: FakeServerOptions = {}): Promise<FakeServer> {
  const authority = await testAuthority();
  const names = options.names ?? ['localhost', '127.0.0.1'];
  const { chainPem, keyPem } = await issueServerCertificate(authority, { names });
  const { deviceAuthority = authority, upgradeStatus } = options;
  const server = createServer({
    cert: chainPem,
    key: keyPem,
    ca: deviceAuthority.certificatePem,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const records: ReceivedRecord[] = [];
  const upgrades: IncomingMessage['headers'][] = [];
  let answer = options.answer ?? (() => 'ack');
  const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  server.on('upgrade', (request, socket, head) => {
    upgrades.push(request.headers);
    if (upgradeStatus !== undefined) {
      socket.end(`HTTP/1.1 ${upgradeStatus}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      return;
    }
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = upgrades.length - 1;
      const vin = String((request.socket as TLSSocket).getPeerCertificate().subject.CN);
      options.onConnection?.(webSocket, connection);
      webSocket.on('message', (data: Buffer) => {
        const record = readRecord(data, vin, connection);
        records.push(record);
        const reply = replyTo(record, answer(record));
        if (reply !== undefined) webSocket.send(reply);
      });
    });
  });
  await listen(server);
  t.after(async () => {
    for (const socket of webSockets.clients) socket.terminate();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `wss://localhost:${port}`,
    ca: authority.certificatePem,
    authority,
    records,
    upgrades,
    sockets: webSockets.clients,
    devices: (count) => issueCredentials(deviceAuthority, count),
    answer: (how) => {
      answer = how;
    },
    cut: () => {
      for (const socket of webSockets.clients) socket.terminate();
    },
  };
}

async function listen(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

function readRecord(message: Buffer, vin: string, connection: number): ReceivedRecord {
  const decoded = decodeEnvelope(message);
  if (!decoded.ok || decoded.value.kind !== 'stream') throw new Error('the vehicle sent what is no record');
  const { txid, topic, stream } = decoded.value;
  return {
    vin,
    txid: text(txid),
    topic: text(topic),
    senderId: text(stream.senderId),
    deviceType: text(stream.deviceType),
    deviceId: text(stream.deviceId),
    createdAt: stream.createdAt,
    payload: Uint8Array.from(stream.payload),
    message: Uint8Array.from(message),
    connection,
  };
}

function replyTo({ txid, topic, message }: ReceivedRecord, answer: Answer): Uint8Array | undefined {
  const bytes = (value: string): Uint8Array => Buffer.from(value);
  switch (answer) {
    case 'ack':
      return encodeAck(bytes(txid), bytes(topic));
    case 'error':
      return encodeError(bytes(txid));
    case 'blankError':
      return encodeError(bytes(''));
    case 'echo':
      return message;
    case 'nothing':
      return undefined;
    default:
      return answer;
  }
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/**
 * The bare echo with TLS and frames in a worker thread: the main thread reads and writes the sockets, and bytes go over a
 * port. It shows what a hub would pay for a second core.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { isMainThread, type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import { WebSocketServer } from 'ws';

/** What passes between the threads: bytes of the connection with this number; without any, its end. */
type Passed = readonly [connection: number, bytes: Uint8Array | undefined];

/** Returns the port that is listened on. */
export async function workerEcho(folder: string): Promise<number> {
  const worker = new Worker(new URL(import.meta.url), { workerData: folder });
  const sockets = new Map<number, Socket>();
  worker.on('message', ([connection, bytes]: Passed) => {
    const socket = sockets.get(connection);
    if (bytes) socket?.write(bytes);
    else socket?.destroy();
  });
  let last = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    const connection = ++last;
    sockets.set(connection, socket);
    socket.on('data', (bytes) => worker.postMessage([connection, bytes] satisfies Passed));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      sockets.delete(connection);
      worker.postMessage([connection, undefined] satisfies Passed);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function serve(port: MessagePort, folder: string): void {
  const read = (name: string): Buffer => readFileSync(`${folder}/${name}`);
  const tls = { cert: read('hub.crt'), key: read('hub.key'), ca: read('ca.crt') };
  const server = createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: true });
  const webSockets = new WebSocketServer({ server, perMessageDeflate: false });
  webSockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data, { binary: true })));
  const streams = new Map<number, Duplex>();
  const open = (connection: number): Duplex => {
    const pass = (bytes?: Uint8Array): void => port.postMessage([connection, bytes] satisfies Passed);
    const stream = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _encoding, done) => {
        pass(chunk);
        done();
      },
      destroy: (_error, done) => {
        pass();
        done(null);
      },
    });
    streams.set(connection, stream);
    server.emit('connection', stream);
    return stream;
  };
  port.on('message', ([connection, bytes]: Passed) => {
    const stream = streams.get(connection);
    if (bytes) (stream ?? open(connection)).push(bytes);
    else {
      stream?.destroy();
      streams.delete(connection);
    }
  });
}

if (!isMainThread && parentPort) serve(parentPort, workerData as string);

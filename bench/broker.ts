import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median, printRows, withFolder } from './report.js';

/** Publishers, each with a subscriber of its own whose session is persistent. */
const PAIRS = 50;
/** Messages of a publisher that are not acknowledged. */
const WINDOW = 8;
const PAYLOAD = Buffer.alloc(256, 'x');
const WARM_UP_MS = 2_000;
const MEASURED_MS = 5_000;
const ROUNDS = 3;

const BROKERS = [
  ['memory', 'aedes with its store in memory'],
  ['stored', 'the embedded broker with sessions on disk'],
] as const;

interface Figures {
  readonly deliveredPerSecond: number;
  readonly cpuMicros: number;
}

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
};

function packet(head: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7];
  return Buffer.concat([Buffer.from([head, ...length]), body]);
}

/** A connection that speaks just enough MQTT 3.1.1. */
class Peer {
  private rest: Buffer = Buffer.alloc(0);
  private readonly socket: Socket;
  onPacket: (head: number, body: Buffer) => void = () => {};

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1').setNoDelay(true);
    this.socket.on('error', (error) => console.error(error.message));
    this.socket.on('data', (chunk: Buffer) => this.take(chunk));
  }

  send(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  async ask(request: Buffer): Promise<void> {
    const answered = new Promise<void>((resolve) => {
      this.onPacket = () => resolve();
    });
    this.send(request);
    await answered;
  }

  close(): void {
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let at = 0;
    for (;;) {
      const first = bytes[at + 1] ?? 0;
      const isLong = first >= 0x80;
      const start = at + (isLong ? 3 : 2);
      const end = start + (isLong ? (first & 0x7f) | ((bytes[at + 2] ?? 0) << 7) : first);
      if (start > bytes.length || end > bytes.length) break;
      this.onPacket(bytes[at] ?? 0, bytes.subarray(start, end));
      at = end;
    }
    this.rest = bytes.subarray(at);
  }
}

const connectPacket = (id: string, isClean: boolean): Buffer =>
  packet(0x10, text('MQTT'), Buffer.from([4, isClean ? 2 : 0, 0, 0]), text(id));

async function subscriber(port: number, number: number, delivered: () => void): Promise<Peer> {
  const peer = new Peer(port);
  await peer.ask(connectPacket(`subscriber ${number}`, false));
  await peer.ask(packet(0x82, Buffer.from([0, 1]), text(`bench/${number}`), Buffer.from([1])));
  const topicBytes = 2 + `bench/${number}`.length;
  peer.onPacket = (head, body) => {
    if (head >> 4 !== 3) return;
    delivered();
    peer.send(Buffer.from([0x40, 2, body[topicBytes] ?? 0, body[topicBytes + 1] ?? 0]));
  };
  return peer;
}

async function publisher(port: number, number: number): Promise<Peer> {
  const peer = new Peer(port);
  await peer.ask(connectPacket(`publisher ${number}`, true));
  const publish = packet(0x32, text(`bench/${number}`), Buffer.from([0, 0]), PAYLOAD);
  const idAt = publish.length - PAYLOAD.length - 2;
  let id = 0;
  const next = (): void => {
    id = (id % 65_535) + 1;
    publish.writeUInt16BE(id, idAt);
    peer.send(Buffer.from(publish));
  };
  peer.onPacket = (head) => {
    if (head === 0x40) next();
  };
  for (let count = 0; count < WINDOW; count++) next();
  return peer;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function cpuOf(child: ChildProcess): Promise<number> {
  const answer = once(child, 'message');
  child.send({});
  const [{ cpu }] = (await answer) as [{ cpu: NodeJS.CpuUsage }];
  return cpu.user + cpu.system;
}

async function measure(kind: string, folder: string): Promise<Figures> {
  const child = fork(fileURLToPath(new URL('./broker-server.js', import.meta.url)), [kind, folder]);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  let delivered = 0;
  const peers: Peer[] = [];
  for (let number = 0; number < PAIRS; number++) peers.push(await subscriber(port, number, () => delivered++));
  for (let number = 0; number < PAIRS; number++) peers.push(await publisher(port, number));
  await pause(WARM_UP_MS);
  const before = { cpu: await cpuOf(child), at: performance.now(), delivered };
  await pause(MEASURED_MS);
  const cpu = (await cpuOf(child)) - before.cpu;
  const count = delivered - before.delivered;
  const seconds = (performance.now() - before.at) / 1_000;
  for (const peer of peers) peer.close();
  child.disconnect();
  await once(child, 'exit');
  return { deliveredPerSecond: count / seconds, cpuMicros: cpu / count };
}

await withFolder(async (folder) => {
  const figures = new Map<string, Figures[]>(BROKERS.map(([kind]) => [kind, []]));
  for (let round = 0; round < ROUNDS; round++) {
    // In turn, so that a drift of the machine's speed meets both.
    for (const [kind] of BROKERS) figures.get(kind)?.push(await measure(kind, join(folder, `${round}`)));
  }
  const of = (kind: string, name: keyof Figures): number => median((figures.get(kind) ?? []).map((each) => each[name]));
  const row = (kind: string, name: string, figure: keyof Figures, unit: string) => ({
    name,
    value: of(kind, figure),
    unit,
    ...(kind === 'memory' ? {} : { against: of('memory', figure) }),
  });
  printRows(
    BROKERS.flatMap(([kind, label]) => [
      row(kind, `${label}: delivered`, 'deliveredPerSecond', '/s'),
      row(kind, '  CPU a message', 'cpuMicros', 'µs'),
    ]),
  );
});

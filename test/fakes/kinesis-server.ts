import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  type _Record as KinesisRecord,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import kinesalite from 'kinesalite';
import { loadClient } from '../../src/actors/dispatch/kinesis/connection.js';
import { createHttpHandler } from '../../src/actors/dispatch/kinesis/http-handler.js';
import { freePort } from './mosquitto.js';
import { until } from './until.js';

/** One entry of PutRecords, as it goes over the wire. */
export interface PutEntry {
  readonly Data: string;
  readonly PartitionKey: string;
}

/** What the proxy does with a request: passes it on, answers it with an error, lets entries fail, or keeps silent. */
export type Meddling =
  | { readonly kind: 'pass' }
  | { readonly kind: 'error'; readonly status: number; readonly type: string; readonly message?: string }
  | { readonly kind: 'fail'; readonly isFailing: (entry: PutEntry, index: number) => boolean; readonly code?: string }
  | { readonly kind: 'silence' };

/** A record in a stream. */
export interface StoredRecord {
  readonly vehicle: string;
  readonly body: Buffer;
}

const PASS: Meddling = { kind: 'pass' };

/** The Kinesis of the tests behind a proxy that speaks its API; it keeps its port, and its streams, over restarts. */
export class KinesisServer {
  /** PutRecords requests as they came: stream and entries. */
  readonly puts: { readonly stream: string; readonly entries: readonly PutEntry[] }[] = [];
  meddle: (operation: string, body: Record<string, unknown>) => Meddling = () => PASS;
  private proxy: Server | undefined;
  private readonly client: KinesisClient;

  private constructor(
    readonly port: number,
    private readonly backPort: number,
  ) {
    this.client = new KinesisClient({
      endpoint: `http://127.0.0.1:${backPort}`,
      region: 'test',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      requestHandler: createHttpHandler(60_000),
    });
  }

  static async start(t: TestContext, streams: readonly string[], shards = 2): Promise<KinesisServer> {
    // Its client is of the same package.
    await loadClient();
    const back = kinesalite({ createStreamMs: 0, shardLimit: 100 });
    await new Promise<void>((resolve) => back.listen(0, '127.0.0.1', resolve));
    const { port: backPort } = back.address() as { port: number };
    const server = new KinesisServer(await freePort(), backPort);
    t.after(async () => {
      await server.stop();
      server.client.destroy();
      back.closeAllConnections();
      await new Promise((resolve) => back.close(resolve));
    });
    for (const stream of streams) await server.create(stream, shards);
    await server.start();
    return server;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async create(stream: string, shards = 1): Promise<void> {
    await this.client.send(new CreateStreamCommand({ StreamName: stream, ShardCount: shards }));
    await until(async () => {
      const { StreamDescriptionSummary: summary } = await this.client.send(
        new DescribeStreamSummaryCommand({ StreamName: stream }),
      );
      return summary?.StreamStatus === 'ACTIVE';
    }, `the stream ${stream}`);
  }

  async start(): Promise<void> {
    const proxy = createServer((incoming, outgoing) => this.handle(incoming, outgoing));
    this.proxy = proxy;
    await new Promise<void>((resolve) => proxy.listen(this.port, '127.0.0.1', resolve));
  }

  /** Hard: requests end in the middle of what they are at. */
  async stop(): Promise<void> {
    const { proxy } = this;
    this.proxy = undefined;
    if (!proxy) return;
    const closed = new Promise((resolve) => proxy.close(resolve));
    proxy.closeAllConnections();
    await closed;
  }

  /** All records of a stream, those of each shard in order. */
  async records(stream: string): Promise<StoredRecord[]> {
    const found = await this.read(stream);
    return found.map(({ PartitionKey = '', Data = new Uint8Array() }) => ({
      vehicle: PartitionKey,
      body: Buffer.from(Data),
    }));
  }

  /** The vehicle of each record of a stream, by its sequence number. */
  async sequenceNumbers(stream: string): Promise<Map<string, string>> {
    const found = await this.read(stream);
    return new Map(found.map(({ SequenceNumber = '', PartitionKey = '' }) => [SequenceNumber, PartitionKey]));
  }

  private async read(stream: string): Promise<KinesisRecord[]> {
    const { Shards = [] } = await this.client.send(new ListShardsCommand({ StreamName: stream }));
    const all: KinesisRecord[] = [];
    for (const { ShardId } of Shards) {
      let { ShardIterator } = await this.client.send(
        new GetShardIteratorCommand({ StreamName: stream, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
      );
      for (;;) {
        const { Records = [], NextShardIterator } = await this.client.send(new GetRecordsCommand({ ShardIterator }));
        all.push(...Records);
        ShardIterator = NextShardIterator;
        if (Records.length === 0) break;
      }
    }
    return all;
  }

  private handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const chunks: Buffer[] = [];
    incoming.on('error', () => {});
    outgoing.on('error', () => {});
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const text = Buffer.concat(chunks);
      const operation = `${incoming.headers['x-amz-target']}`.split('.')[1] ?? '';
      const body = JSON.parse(text.toString()) as { StreamName?: string; Records?: PutEntry[] };
      const entries = body.Records ?? [];
      if (operation === 'PutRecords') this.puts.push({ stream: body.StreamName ?? '', entries });
      const meddling = this.meddle(operation, body);
      switch (meddling.kind) {
        case 'silence':
          return;
        case 'error':
          reply(outgoing, meddling.status, { __type: meddling.type, message: meddling.message ?? 'as the test wants' });
          return;
        case 'fail': {
          const code = meddling.code ?? 'ProvisionedThroughputExceededException';
          const failing = entries.map((entry, index) => meddling.isFailing(entry, index));
          const Records = entries.filter((_, index) => !failing[index]);
          const refused = { ErrorCode: code, ErrorMessage: 'Rate exceeded for shard' };
          const answer = (results: readonly unknown[]): void => {
            const rest = [...results];
            const all = failing.map((isFailing) => (isFailing ? refused : rest.shift()));
            reply(outgoing, 200, { FailedRecordCount: failing.filter(Boolean).length, Records: all });
          };
          if (Records.length === 0) answer([]);
          else {
            this.pass(incoming, Buffer.from(JSON.stringify({ ...body, Records })), (status, bytes) => {
              if (status === 200) answer((JSON.parse(bytes.toString()) as { Records: unknown[] }).Records);
              else outgoing.writeHead(status).end(bytes);
            });
          }
          return;
        }
        case 'pass':
          this.pass(incoming, text, (status, bytes) =>
            outgoing.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(bytes),
          );
      }
    });
  }

  private pass(incoming: IncomingMessage, body: Buffer, done: (status: number, body: Buffer) => void): void {
    const { method, url, headers } = incoming;
    const onward = request(
      {
        host: '127.0.0.1',
        port: this.backPort,
        method,
        path: url,
        headers: { ...headers, 'content-length': body.length },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => done(response.statusCode ?? 500, Buffer.concat(chunks)));
      },
    );
    onward.on('error', () => incoming.destroy());
    onward.end(body);
  }
}

function reply(outgoing: ServerResponse, status: number, body: object): void {
  outgoing.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
}

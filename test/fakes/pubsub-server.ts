import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { freePort } from './mosquitto.js';

const PACKAGE = 'google.pubsub.v1';

/** A message as it was published. */
export interface PublishedMessage {
  readonly topic: string;
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What the service does with a call: takes it, takes it without an id for the last message, keeps silent, or answers with a status. */
export type PubsubAnswer = 'take' | 'unnumbered' | 'silence' | { readonly code: grpc.status; readonly details: string };

interface PublishRequest {
  readonly topic: string;
  readonly messages: readonly { readonly data: Uint8Array; readonly attributes: Readonly<Record<string, string>> }[];
}

/** The limits of the service that a publication can break. */
const LONGEST_ATTRIBUTE = 1_024;
const MOST_MESSAGES = 1_000;

/** `google.pubsub.v1.Publisher` over gRPC, with its topics in memory; it keeps its port, and its topics, over restarts. */
export class PubsubServer {
  readonly topics = new Set<string>();
  readonly published: PublishedMessage[] = [];
  /** Calls in the order they came: their names, and of publications the number of messages. */
  readonly calls: string[] = [];
  answer: (method: string, request: PublishRequest) => PubsubAnswer = () => 'take';
  private server: grpc.Server | undefined;

  private constructor(readonly port: number) {}

  static async start(t: TestContext): Promise<PubsubServer> {
    const server = new PubsubServer(await freePort());
    t.after(() => server.stop());
    await server.start();
    return server;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const server = new grpc.Server({ 'grpc.max_receive_message_length': 20_000_000 });
    this.server = server;
    server.addService(SERVICE, {
      getTopic: this.handle('GetTopic', ({ topic }: { topic: string }) =>
        this.topics.has(topic) ? { name: topic } : refusal(grpc.status.NOT_FOUND, `Resource not found (${topic})`),
      ),
      createTopic: this.handle('CreateTopic', ({ name }: { name: string }) => {
        if (this.topics.has(name)) return refusal(grpc.status.ALREADY_EXISTS, 'Topic already exists');
        this.topics.add(name);
        return { name };
      }),
      publish: this.handle('Publish', (request: PublishRequest) => this.publish(request)),
    });
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(this.host, grpc.ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }

  /** Hard: calls end in the middle of what they are at. */
  async stop(): Promise<void> {
    this.server?.forceShutdown();
    this.server = undefined;
  }

  private publish({ topic, messages }: PublishRequest): object {
    if (!this.topics.has(topic)) return refusal(grpc.status.NOT_FOUND, `Resource not found (${topic})`);
    if (messages.length > MOST_MESSAGES) return refusal(grpc.status.INVALID_ARGUMENT, 'too many messages');
    for (const { data, attributes } of messages) {
      const values = Object.values(attributes);
      if (data.length === 0 && values.length === 0) return refusal(grpc.status.INVALID_ARGUMENT, 'an empty message');
      if (values.some((value) => Buffer.byteLength(value) > LONGEST_ATTRIBUTE)) {
        return refusal(grpc.status.INVALID_ARGUMENT, 'an attribute is too long');
      }
    }
    const first = this.published.length;
    this.published.push(
      ...messages.map(({ data, attributes }) => ({ topic, data: Buffer.from(data), attributes: { ...attributes } })),
    );
    return { messageIds: messages.map((_, index) => `${first + index + 1}`) };
  }

  private handle<Request extends object>(method: string, take: (request: Request) => object) {
    return (call: { readonly request: Request }, done: grpc.sendUnaryData<object>): void => {
      const { messages } = call.request as { messages?: unknown[] };
      this.calls.push(messages ? `${method} ${messages.length}` : method);
      const answer = this.answer(method, call.request as unknown as PublishRequest);
      if (answer === 'silence') return;
      const outcome = typeof answer === 'string' ? take(call.request) : refusal(answer.code, answer.details);
      if (answer === 'unnumbered') (outcome as { messageIds: string[] }).messageIds.pop();
      if ('code' in outcome) done(outcome as { code: grpc.status; details: string });
      else done(null, outcome);
    };
  }
}

const refusal = (code: grpc.status, details: string) => ({ code, details });

/** The service's own description, which comes with the client library. */
const root = protobuf.Root.fromJSON(
  JSON.parse(
    readFileSync(
      join(dirname(createRequire(import.meta.url).resolve('@google-cloud/pubsub')), '..', 'protos', 'protos.json'),
      'utf8',
    ),
  ) as protobuf.INamespace,
);

function method(name: string, request: string, response: string): grpc.MethodDefinition<object, object> {
  const coder = (type: protobuf.Type) => ({
    read: (bytes: Buffer): object => type.decode(bytes),
    write: (value: object): Buffer => Buffer.from(type.encode(type.fromObject(value)).finish()),
  });
  const requests = coder(root.lookupType(`${PACKAGE}.${request}`));
  const responses = coder(root.lookupType(`${PACKAGE}.${response}`));
  return {
    path: `/${PACKAGE}.Publisher/${name}`,
    requestStream: false,
    responseStream: false,
    requestDeserialize: requests.read,
    requestSerialize: requests.write,
    responseDeserialize: responses.read,
    responseSerialize: responses.write,
  };
}

const SERVICE = {
  getTopic: method('GetTopic', 'GetTopicRequest', 'Topic'),
  createTopic: method('CreateTopic', 'Topic', 'Topic'),
  publish: method('Publish', 'PublishRequest', 'PublishResponse'),
};

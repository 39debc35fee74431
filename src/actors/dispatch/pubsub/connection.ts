/** One client of Pub/Sub, used until it fails. It retries nothing by itself: what waits does so in the spool. */
import type { v1 } from '@google-cloud/pubsub';
import type { PubsubDispatcherSettings } from '../../../protocols/fleet-telemetry/pubsub-settings.js';
import { DispatchError, givenUp, TopicError } from '../errors.js';

export type Library = Pick<typeof import('@google-cloud/pubsub'), 'PubSub' | 'v1'>;

/** One message as it is published. */
export interface Message {
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Of gRPC. */
export const STATUS = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** For the answer to one call. */
export const CALL_TIMEOUT_MS = 30_000;

const CALL = { timeout: CALL_TIMEOUT_MS, retry: { retryCodes: [] } };

/** A connection that cannot be made is tried again with each new client, without the pauses of the one before. */
const CHANNEL = {
  'grpc.use_local_subchannel_pool': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
};

/** What became of asking for a topic; `unseen`: nobody may say whether it is there. */
export type Found = 'there' | 'made' | 'unseen';

export class PubsubConnection {
  private isClosed = false;
  /** Topics that were asked for. */
  private readonly found = new Map<string, Found>();

  private constructor(
    private readonly client: v1.PublisherClient,
    private readonly settings: PubsubDispatcherSettings,
  ) {}

  static async open({ PubSub, v1 }: Library, settings: PubsubDispatcherSettings): Promise<PubsubConnection> {
    const { projectId, emulatorHost, credentialsFile } = settings;
    const access =
      emulatorHost === ''
        ? { emulatorMode: false, ...(credentialsFile === '' ? {} : { keyFilename: credentialsFile }) }
        : // Credentials of nobody, so that none are looked for on the network.
          {
            apiEndpoint: emulatorHost,
            emulatorMode: true,
            credentials: { client_email: 'emulator', private_key: 'none' },
          };
    const config = await new PubSub({ projectId, ...access }).getClientConfig();
    const options = { ...config, ...CHANNEL } as ConstructorParameters<typeof v1.PublisherClient>[0];
    const client = new v1.PublisherClient(options);
    // What fails here would be a rejection that nobody handles if a call did it.
    await client.initialize();
    return new PubsubConnection(client, settings);
  }

  /** As an error of {@link open} may be told, which has no code. */
  static explain(error: unknown): string {
    const text = error instanceof Error ? error.message : String(error);
    return /default credentials/.test(text)
      ? 'no Google credentials: set GOOGLE_APPLICATION_CREDENTIALS to the path of a key file, or give the machine a service account'
      : text;
  }

  /** Whether the topic was asked for, and needs not be again. */
  has(topic: string): boolean {
    return this.found.has(topic);
  }

  /** Makes the topic of a record type if it is missing. Rejects with what to do about it if that cannot be done. */
  async provide(type: string, topic: string): Promise<Found> {
    try {
      const found = await this.findOrMake(this.nameOf(topic));
      this.found.set(topic, found);
      return found;
    } catch (error) {
      if (this.isClosed) throw givenUp();
      const message = `pubsub_topic_creation_error ${topic}: ${this.explain(error)}`;
      throw new TopicError('DISPATCH_PUBSUB_UNREACHABLE', message, topic, type, error);
    }
  }

  /** Resolves when the service has given each message an id. */
  async publish(topic: string, messages: readonly Message[]): Promise<void> {
    this.checkOpen();
    const [{ messageIds }] = await this.client.publish({ topic: this.nameOf(topic), messages: [...messages] }, CALL);
    if (messageIds?.length === messages.length) return;
    throw new Error(`${messageIds?.length ?? 0} ids for ${messages.length} messages`);
  }

  /** The failure of a publication, with what to do about it. */
  failureOf(error: unknown, topic: string): DispatchError {
    if (codeOf(error) === STATUS.notFound) {
      const isUnseen = this.found.get(topic) === 'unseen';
      const what = isUnseen
        ? `does not exist, and the account may not look for it: create it (gcloud pubsub topics create ${topic}), or give the account pubsub.topics.get and pubsub.topics.create`
        : 'is gone; it is made again';
      const message = `pubsub_err the topic ${topic} ${what}`;
      return new DispatchError('DISPATCH_PUBSUB_TOPIC_MISSING', message, { retryable: true });
    }
    const message = `pubsub_err ${topic}: ${this.explain(error)}`;
    return new DispatchError('DISPATCH_PUBSUB_FAILED', message, { retryable: true });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.client.close().catch(() => {});
  }

  /** The client library answers later calls with a rejection that nobody handles. */
  private checkOpen(): void {
    if (this.isClosed) throw givenUp();
  }

  private nameOf(topic: string): string {
    return `projects/${this.settings.projectId}/topics/${topic}`;
  }

  private async findOrMake(name: string): Promise<Found> {
    this.checkOpen();
    try {
      await this.client.getTopic({ topic: name }, CALL);
      return 'there';
    } catch (error) {
      // Without the right to ask: publishing will tell.
      if (codeOf(error) === STATUS.permissionDenied) return 'unseen';
      if (codeOf(error) !== STATUS.notFound) throw error;
    }
    this.checkOpen();
    try {
      await this.client.createTopic({ name }, CALL);
      return 'made';
    } catch (error) {
      if (codeOf(error) === STATUS.alreadyExists) return 'there';
      throw error;
    }
  }

  private explain(error: unknown): string {
    const { message, details } = error as Error & { details?: string };
    const text = details ?? message;
    const where = this.settings.emulatorHost || 'pubsub.googleapis.com';
    if (/ECONNREFUSED/.test(message)) return `${where}: nobody listens there; see PUBSUB_EMULATOR_HOST`;
    if (/ENOTFOUND|EAI_AGAIN|Name resolution failed/.test(message)) return `${where}: the host name is unknown`;
    switch (codeOf(error)) {
      case STATUS.unavailable:
        return `${where} cannot be reached: ${text}`;
      case STATUS.deadlineExceeded:
        return `${where}: no answer within ${CALL_TIMEOUT_MS} ms`;
      case STATUS.resourceExhausted:
        return `the quota of the project is used up: ${text}`;
      case STATUS.permissionDenied:
      case STATUS.unauthenticated:
        return `Google refuses it: the account needs pubsub.topics.publish, and pubsub.topics.create for a topic that is missing (${text})`;
      default:
        return PubsubConnection.explain(details === undefined ? error : new Error(details));
    }
  }
}

/** The status of gRPC. */
export const codeOf = (error: unknown): number | undefined => (error as { code?: number } | undefined)?.code;

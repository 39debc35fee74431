/** One client of Kinesis, with credentials and region as the AWS tools find them. */
import type { KinesisClient, PutRecordsResultEntry } from '@aws-sdk/client-kinesis';
import type { KinesisDispatcherSettings } from '../../../protocols/fleet-telemetry/kinesis-settings.js';
import { DispatchError } from '../errors.js';
import { createHttpHandler } from './http-handler.js';
import type { Entry } from './put-plan.js';

export type Library = Pick<
  typeof import('@aws-sdk/client-kinesis'),
  'DescribeStreamSummaryCommand' | 'KinesisClient' | 'ListStreamsCommand' | 'PutRecordsCommand'
>;

/** Which Node later versions will need is nothing to an operator: this one is pinned, and the log has a form of its own. */
export function loadClient(): Promise<Library> {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  return import('@aws-sdk/client-kinesis');
}

/** After so long without a byte a request is given up. */
export const SILENCE_MS = 20_000;

/** Answers to questions that do not tell whether records can be put: without the right to ask, or asked too often. */
const TELLS_NOTHING: ReadonlySet<string> = new Set(['AccessDeniedException', 'AccessDenied', 'LimitExceededException']);

export class KinesisConnection {
  private readonly client: KinesisClient;
  private readonly handler = createHttpHandler(SILENCE_MS);

  constructor(
    private readonly library: Library,
    private readonly settings: KinesisDispatcherSettings,
  ) {
    const { endpoint, region, maxRetries } = settings;
    this.client = new library.KinesisClient({
      requestHandler: this.handler,
      maxAttempts: maxRetries + 1,
      ...(endpoint === '' ? {} : { endpoint }),
      ...(region === '' ? {} : { region }),
    });
  }

  /** Rejects with what to do about it if the service cannot be reached or a stream is missing. */
  async check(abortSignal: AbortSignal): Promise<void> {
    try {
      await this.client.send(new this.library.ListStreamsCommand({ Limit: 1 }), { abortSignal });
    } catch (error) {
      if (!TELLS_NOTHING.has(nameOf(error))) {
        const message = `failed to list streams (test connection): ${this.explain(error)}`;
        throw new DispatchError('DISPATCH_KINESIS_UNREACHABLE', message, { cause: error, retryable: true });
      }
    }
    for (const stream of new Set(this.settings.streams.values())) await this.checkStream(stream, abortSignal);
  }

  /** What became of each entry, in their order. */
  async put(stream: string, entries: readonly Entry[], abortSignal: AbortSignal): Promise<PutRecordsResultEntry[]> {
    const Records = entries.map(({ data, record }) => ({ Data: data, PartitionKey: record.vehicle }));
    const command = new this.library.PutRecordsCommand({ StreamName: stream, Records });
    const { Records: results = [] } = await this.client.send(command, { abortSignal });
    return results;
  }

  /** The failure of a request, with what to do about it. */
  failureOf(error: unknown, stream: string): DispatchError {
    if (error instanceof DispatchError) return error;
    if (nameOf(error) === 'ResourceNotFoundException') return this.missing(stream, 'does not exist');
    const message = `kinesis_err ${stream}: ${this.explain(error)}`;
    return new DispatchError('DISPATCH_KINESIS_FAILED', message, { retryable: true });
  }

  destroy(): void {
    this.client.destroy();
    this.handler.destroy?.();
  }

  private async checkStream(stream: string, abortSignal: AbortSignal): Promise<void> {
    try {
      const command = new this.library.DescribeStreamSummaryCommand({ StreamName: stream });
      const { StreamDescriptionSummary: summary } = await this.client.send(command, { abortSignal });
      if (summary?.StreamStatus === 'CREATING') throw this.missing(stream, 'is being created');
      if (summary?.StreamStatus === 'DELETING') throw this.missing(stream, 'is being deleted');
    } catch (error) {
      if (TELLS_NOTHING.has(nameOf(error))) return;
      throw this.failureOf(error, stream);
    }
  }

  private missing(stream: string, what: string): DispatchError {
    const types = [...this.settings.streams].filter(([, name]) => name === stream).map(([type]) => type);
    const variable = `KINESIS_STREAM_${(types[0] ?? 'V').toUpperCase()}`;
    return new DispatchError(
      'DISPATCH_KINESIS_STREAM_MISSING',
      `the stream ${stream}${types.length > 0 ? `, for ${types.join(', ')},` : ''} ${what}: create it (aws kinesis create-stream --stream-name ${stream}), or name another in kinesis.streams or ${variable}`,
      { retryable: true },
    );
  }

  private explain(error: unknown): string {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const name = nameOf(error);
    const where = this.settings.endpoint || 'the endpoint of the region';
    if (code === 'ECONNREFUSED') return `${where}: nobody listens there; see kinesis.override_host`;
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `${where}: the host name is unknown`;
    if (name === 'CredentialsProviderError') {
      return `no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the machine a role (${message})`;
    }
    if (/Region is missing/.test(message)) return 'no AWS region: set AWS_REGION, or region in ~/.aws/config';
    if (/UnrecognizedClient|InvalidSignature|ExpiredToken|InvalidClientTokenId/.test(name)) {
      return `AWS refuses the credentials: ${name}: ${message}`;
    }
    return name === 'Error' ? message : `${name}: ${message}`;
  }
}

export const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

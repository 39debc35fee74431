/** What is reported to Airbrake, or to what speaks its API, such as Errbit: a notice of version 3. */

/** Longest message of a notice. */
const LONGEST_MESSAGE = 2_000;
/** The service takes no longer notice (bytes). */
const LARGEST_NOTICE = 64_000;

export interface NoticeSource {
  /** Epoch milliseconds. */
  readonly at: number;
  /** What kind of error it is: errors of one type and message are one group there. */
  readonly type: string;
  readonly message: string;
  readonly severity: 'error' | 'critical';
  readonly params: Readonly<Record<string, unknown>>;
  /** The request that it is about. */
  readonly request?: {
    readonly method: string;
    readonly path: string;
    readonly userAgent: string;
    readonly remote: string;
  };
}

/** Who reports, and to which project. */
export interface NoticeContext {
  /** `https://api.airbrake.io`, without a slash at the end. */
  readonly host: string;
  readonly projectId: number;
  readonly projectKey: string;
  readonly environment: string;
  readonly hostname: string;
  readonly version: string;
}

export interface NoticeRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The request that creates a notice. The key stands in a header, never in the address. */
export function noticeRequest(source: NoticeSource, context: NoticeContext): NoticeRequest {
  const { host, projectId, projectKey, version } = context;
  const whole = JSON.stringify(noticeOf(source, context));
  const isTooLarge = Buffer.byteLength(whole) > LARGEST_NOTICE;
  return {
    url: `${host}/api/v3/projects/${projectId}/notices`,
    headers: {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${projectKey}`,
      'User-Agent': `fleetchart/${version}`,
    },
    body: isTooLarge ? JSON.stringify(noticeOf({ ...source, params: { truncated: true } }, context)) : whole,
  };
}

function noticeOf({ at, type, message, severity, params, request }: NoticeSource, context: NoticeContext) {
  const { environment, hostname, version } = context;
  return {
    errors: [{ type, message: message.slice(0, LONGEST_MESSAGE), backtrace: [] }],
    context: {
      notifier: { name: 'fleetchart', version, url: '' },
      environment,
      hostname,
      language: 'JavaScript',
      version,
      severity,
      time: new Date(at).toISOString(),
      ...(request && {
        httpMethod: request.method,
        url: request.path,
        userAgent: request.userAgent,
        userAddr: request.remote,
      }),
    },
    environment: {},
    session: {},
    params,
  };
}

/** Milliseconds that an answer asks to wait before the next notice; undefined: it is no such answer. */
export function askedDelayMs(
  status: number,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): number | undefined {
  if (status !== 429 && status !== 420) return undefined;
  const text = headers['x-ratelimit-delay'] ?? headers['retry-after'];
  const seconds = Number(typeof text === 'string' ? text : '');
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : DEFAULT_DELAY_MS;
}

const DEFAULT_DELAY_MS = 60_000;

import { askedDelayMs, noticeRequest } from '../../protocols/airbrake/index.js';
import type { ErrorReportSettings } from '../../protocols/fleet-telemetry/error-report-settings.js';
import { type Clock, type Logger, type Metrics, redacted } from '../../runtime/index.js';
import { Exchange, SIGNATURE_HEADER, signatureOf } from '../dispatch/index.js';
import { HttpSink } from './http-sink.js';
import { type ErrorReport, type ErrorSink, sinks } from './report.js';

export type { ErrorReport, ErrorSink } from './report.js';

export interface ErrorReportDeps {
  readonly settings: ErrorReportSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly version: string;
  /** Of this machine. */
  readonly hostname: string;
}

/** For an answer, as in the reference. */
const TIMEOUT_MS = 10_000;
/** Longest text within a report. */
const LONGEST_TEXT = 1_000;

/** The sinks that are configured, as one. What they report holds no secrets. */
export function createErrorReports(deps: ErrorReportDeps): ErrorSink {
  const { airbrake, webhook } = deps.settings;
  const all: ErrorSink[] = [];
  if (airbrake) all.push(airbrakeSink(airbrake, deps));
  if (webhook) all.push(webhookSink(webhook, deps));
  const { report, close } = sinks(all);
  return { report: (given) => report(withoutSecrets(given)), close };
}

function withoutSecrets(report: ErrorReport): ErrorReport {
  return redacted(report, { longestText: LONGEST_TEXT }) as ErrorReport;
}

function airbrakeSink(settings: NonNullable<ErrorReportSettings['airbrake']>, deps: ErrorReportDeps): ErrorSink {
  const { version, hostname, logger } = deps;
  const context = { ...settings, version, hostname };
  const { keySource: source } = settings;
  const named = source === 'environment_variable' ? { env_name: 'AIRBRAKE_PROJECT_KEY' } : {};
  logger.info({ source, ...named }, 'airbrake_configured');
  const { url } = noticeRequest({ at: 0, type: '', message: '', severity: 'error', params: {} }, context);
  return new HttpSink({
    ...deps,
    name: 'airbrake',
    exchange: () => exchangeTo(url, settings.tls, deps.clock),
    encode: (report) => {
      const { headers, body } = noticeRequest(report, context);
      return { headers, body: Buffer.from(body) };
    },
    askedDelayMs,
  });
}

/** One report a request, signed like a batch of records. */
function webhookSink({ url, secret }: NonNullable<ErrorReportSettings['webhook']>, deps: ErrorReportDeps): ErrorSink {
  const { version, hostname, clock } = deps;
  return new HttpSink({
    ...deps,
    name: 'webhook',
    exchange: () => exchangeTo(url, { caFile: '', certFile: '', keyFile: '' }, clock),
    encode: (report) => {
      const body = Buffer.from(JSON.stringify({ ...report, hostname, version }));
      const seconds = Math.floor(clock.now() / 1000);
      const signature = secret === '' ? {} : { [SIGNATURE_HEADER]: signatureOf(secret, seconds, body) };
      return { headers: { 'Content-Type': 'application/json', ...signature }, body };
    },
    askedDelayMs,
  });
}

function exchangeTo(
  url: string,
  tls: { readonly caFile: string; readonly certFile: string; readonly keyFile: string },
  clock: Clock,
): Promise<Exchange> {
  return Exchange.create({
    url: new URL(url),
    tls: { ...tls, serverName: '' },
    maxInFlight: 1,
    timeoutMs: TIMEOUT_MS,
    clock,
  });
}

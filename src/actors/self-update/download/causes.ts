import { DownloadError } from './download.js';

/** Why a transfer failed, in the words that operators and scripts know from the reference (SUA-32). */
const CAUSES = {
  FETCH_PROTOCOL: 'Unsupported protocol',
  FETCH_URL: 'URL using bad/illegal format or missing URL',
  FETCH_HOST_UNKNOWN: "Couldn't resolve host name",
  FETCH_UNREACHABLE: "Couldn't connect to server",
  FETCH_TLS: 'SSL connect error',
  FETCH_CERTIFICATE: 'SSL peer certificate or SSH remote key was not OK',
  FETCH_CA: 'Problem with the SSL CA cert (path? access rights?)',
  FETCH_CUT: 'Transferred a partial file',
  FETCH_DISK: 'Failed writing received data to disk/application',
  FETCH_NOTHING: 'Server returned nothing (no headers, no data)',
  FETCH_TIMEOUT: 'Timeout was reached',
  FETCH_SLOW: 'Timeout was reached',
  FETCH_REDIRECTS: 'Number of redirects hit maximum amount',
  FETCH_FOLDER: 'temporary file folder could not be created',
  FETCH_FILE: 'temporary file could not be opened for writing',
} as const;

export type Cause = keyof typeof CAUSES;

/** What may be over in a moment, so that it is tried again. */
const PASSING: ReadonlySet<Cause> = new Set([
  'FETCH_HOST_UNKNOWN',
  'FETCH_UNREACHABLE',
  'FETCH_CUT',
  'FETCH_NOTHING',
  'FETCH_TIMEOUT',
]);

export const failedBy = (code: Cause, cause?: unknown): DownloadError =>
  new DownloadError(code, CAUSES[code], { cause, retryable: PASSING.has(code) });

const BY_CODE: ReadonlyArray<readonly [RegExp, Cause]> = [
  [/^(ENOTFOUND|EAI_)/, 'FETCH_HOST_UNKNOWN'],
  [/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL)/, 'FETCH_UNREACHABLE'],
  [/^ETIMEDOUT/, 'FETCH_TIMEOUT'],
  [/^(CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_|INVALID_|ERR_TLS_CERT)/, 'FETCH_CERTIFICATE'],
  [/^(EPROTO|ERR_SSL|ERR_TLS)/, 'FETCH_TLS'],
  [/^(ENOSPC|EDQUOT|EIO|EROFS|EFBIG)/, 'FETCH_DISK'],
];

/** An error of a request, before its answer has begun (`isAnswered` false) or while it came. */
export function explained(error: unknown, isAnswered: boolean): DownloadError {
  if (error instanceof DownloadError) return error;
  const code = String((error as { code?: unknown }).code ?? '');
  const found = BY_CODE.find(([pattern]) => pattern.test(code));
  return failedBy(found?.[1] ?? (isAnswered ? 'FETCH_CUT' : 'FETCH_NOTHING'), error);
}

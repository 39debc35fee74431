import { DownloadError } from './download.js';

/** Why a transfer failed, in the words that operators and scripts know from the reference (SUA-32). */
const CAUSES = {
  DOWNLOAD_PROTOCOL: 'Unsupported protocol',
  DOWNLOAD_URL: 'URL using bad/illegal format or missing URL',
  DOWNLOAD_HOST_UNKNOWN: "Couldn't resolve host name",
  DOWNLOAD_UNREACHABLE: "Couldn't connect to server",
  DOWNLOAD_TLS: 'SSL connect error',
  DOWNLOAD_CERTIFICATE: 'SSL peer certificate or SSH remote key was not OK',
  DOWNLOAD_CA: 'Problem with the SSL CA cert (path? access rights?)',
  DOWNLOAD_CUT: 'Transferred a partial file',
  DOWNLOAD_DISK: 'Failed writing received data to disk/application',
  DOWNLOAD_NOTHING: 'Server returned nothing (no headers, no data)',
  DOWNLOAD_TIMEOUT: 'Timeout was reached',
  DOWNLOAD_REDIRECTS: 'Number of redirects hit maximum amount',
  DOWNLOAD_FOLDER: 'temporary file folder could not be created',
  DOWNLOAD_FILE: 'temporary file could not be opened for writing',
} as const;

export type Cause = keyof typeof CAUSES;

/** What may be over in a moment, so that it is tried again. */
const PASSING: ReadonlySet<Cause> = new Set([
  'DOWNLOAD_HOST_UNKNOWN',
  'DOWNLOAD_UNREACHABLE',
  'DOWNLOAD_CUT',
  'DOWNLOAD_NOTHING',
  'DOWNLOAD_TIMEOUT',
]);

export const failedBy = (code: Cause, cause?: unknown): DownloadError =>
  new DownloadError(code, CAUSES[code], { cause, retryable: PASSING.has(code) });

const BY_CODE: ReadonlyArray<readonly [RegExp, Cause]> = [
  [/^(ENOTFOUND|EAI_)/, 'DOWNLOAD_HOST_UNKNOWN'],
  [/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL)/, 'DOWNLOAD_UNREACHABLE'],
  [/^ETIMEDOUT/, 'DOWNLOAD_TIMEOUT'],
  [/^(CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_|INVALID_|ERR_TLS_CERT)/, 'DOWNLOAD_CERTIFICATE'],
  [/^(EPROTO|ERR_SSL|ERR_TLS)/, 'DOWNLOAD_TLS'],
  [/^(ENOSPC|EDQUOT|EIO|EROFS|EFBIG)/, 'DOWNLOAD_DISK'],
];

/** An error of a request, before its answer has begun (`isAnswered` false) or while it came. */
export function explained(error: unknown, isAnswered: boolean): DownloadError {
  if (error instanceof DownloadError) return error;
  const code = String((error as { code?: unknown }).code ?? '');
  const found = BY_CODE.find(([pattern]) => pattern.test(code));
  return failedBy(found?.[1] ?? (isAnswered ? 'DOWNLOAD_CUT' : 'DOWNLOAD_NOTHING'), error);
}

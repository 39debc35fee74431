import type { Clock } from '../../runtime/clock.js';
import {
  commonNameOf,
  expiryOf,
  expiryProblem,
  type PairContent,
  type PairFiles,
  pairProblem,
} from './authority-files.js';
import { ProvisioningError } from './errors.js';
import { readIfPresent, writeCertificate, writeKey } from './files.js';
import { type Thumbprints, thumbprints } from './thumbprints.js';

/** A certificate and its key as they are on disk after provisioning. */
export interface ProvisionedPair {
  /** CN. */
  readonly name: string;
  readonly state: 'created' | 'kept' | 'replaced';
  readonly files: PairFiles;
  readonly thumbprints: Thumbprints;
  /** ISO 8601. */
  readonly notAfter: string;
  /** Set when a kept certificate should be renewed soon. */
  readonly warning?: string;
}

/** What is asked for: a pair of files, and what makes an existing one unfit. */
export interface PairRequest {
  readonly files: PairFiles;
  /** Replace what exists. */
  readonly force: boolean;
  /** Whether a certificate without its key, or a key without certificate, is replaced unasked (PCL-8). */
  readonly replacesHalf: boolean;
  /** Why an existing certificate does not serve, as the end of a sentence that starts with the file. */
  problem(certificatePem: string): string | undefined;
}

/** Either the pair serves, or it is to be written, in place of nothing or of something. */
export type FoundPair = { readonly kept: ProvisionedPair } | { readonly toWrite: 'created' | 'replaced' };

const WARN_BEFORE_MS = 30 * 86_400_000;

/**
 * Whether the pair is there and serves. Nothing that exists is written over without `force` (PCL-8, PCL-13).
 *
 * @throws ProvisioningError PROVISIONING_CONFLICT if what exists is not what is asked for
 */
export async function findPair(request: PairRequest, clock: Pick<Clock, 'now'>): Promise<FoundPair> {
  const { files, force } = request;
  const certificatePem = await readIfPresent(files.certificate);
  const keyPem = await readIfPresent(files.key);
  if (certificatePem === undefined && keyPem === undefined) return { toWrite: 'created' };
  if (force) return { toWrite: 'replaced' };
  if (certificatePem === undefined || keyPem === undefined) {
    if (request.replacesHalf) return { toWrite: 'replaced' };
    const [present, missing] = keyPem === undefined ? [files.certificate, files.key] : [files.key, files.certificate];
    throw conflict(`${present} exists already and ${missing} is missing: put that back`);
  }
  const problem =
    pairProblem({ certificatePem, keyPem }) ??
    request.problem(certificatePem) ??
    expiryProblem(certificatePem, clock.now());
  if (problem) throw conflict(`${files.certificate} exists already and ${problem}`);
  return { kept: describePair(request, 'kept', certificatePem, clock) };
}

/** Writes a pair. The key comes first: a key without certificate is harmless, the reverse looks finished. */
export async function writePair(
  request: PairRequest,
  state: 'created' | 'replaced',
  { certificatePem, keyPem }: PairContent,
  clock: Pick<Clock, 'now'>,
): Promise<ProvisionedPair> {
  await writeKey(request.files.key, keyPem);
  await writeCertificate(request.files.certificate, certificatePem);
  return describePair(request, state, certificatePem, clock);
}

function describePair(
  { files }: PairRequest,
  state: ProvisionedPair['state'],
  certificatePem: string,
  clock: Pick<Clock, 'now'>,
): ProvisionedPair {
  const end = expiryOf(certificatePem);
  const notAfter = new Date(end).toISOString();
  const isEnding = state === 'kept' && end - clock.now() < WARN_BEFORE_MS;
  return {
    name: commonNameOf(certificatePem),
    state,
    files,
    thumbprints: thumbprints(certificatePem),
    notAfter,
    ...(isEnding ? { warning: `${files.certificate} ends on ${notAfter}; renew it with --force` } : {}),
  };
}

/** A conflict, with the ways out of it. */
function conflict(what: string): ProvisioningError {
  return new ProvisioningError(
    'PROVISIONING_CONFLICT',
    `${what}. Nothing was written; --force makes new files in place of the old ones, another --out leaves those alone`,
  );
}

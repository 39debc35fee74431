import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../runtime/clock.js';
import {
  authorityFiles,
  authorityOf,
  expiryOf,
  isIssuedBy,
  namesNotCovered,
  type PairFiles,
  pairProblem,
} from './authority-files.js';
import type { Authority } from './certificate-options.js';
import { createAuthority, issueServerCertificate } from './effects.js';
import { ProvisioningError } from './errors.js';
import { readIfPresent, writeCertificate, writeKey } from './files.js';

/** The O by which demo certificates are known; leaves are known by their issuer's. */
const DEMO_ORGANIZATION = 'Fleetchart demo';

/** The issuer that means vehicles without further configuration (FT-ID-2, table A). */
export const VEHICLE_AUTHORITY_NAME = 'Tesla Motors Products CA';

const RENEW_BEFORE_MS = 7 * 86_400_000;
const AUTHORITY_DAYS = 365;
const SERVER_DAYS = 90;

export interface DemoCertificates {
  /** Issues the certificates of simulated vehicles; also what they trust. */
  readonly authority: Authority;
  readonly authorityFile: string;
  readonly server: PairFiles;
  /** Whether anything had to be made or renewed. */
  readonly changed: boolean;
}

export interface DemoOptions {
  /** DNS names and IP addresses that the listener is reached by. */
  readonly hosts: readonly string[];
  /** @default systemClock */
  readonly clock?: Pick<Clock, 'now'>;
}

/**
 * An authority and a server certificate for trying things out, kept in `directory` between starts and renewed within
 * seven days of their end. Only for loopback: {@link isDemoCertificate} tells them from real ones.
 */
export async function demoCertificates(directory: string, options: DemoOptions): Promise<DemoCertificates> {
  const { hosts, clock = systemClock } = options;
  const kept = await keptAuthority(directory, clock);
  const authority = kept ?? (await makeAuthority(directory, clock));
  const server = { certificate: join(directory, 'hub.crt'), key: join(directory, 'hub.key') };
  const isServerKept = await isUsable(server, authority, hosts, clock);
  if (!isServerKept) {
    const issued = await issueServerCertificate(authority, {
      names: hosts,
      organization: DEMO_ORGANIZATION,
      days: SERVER_DAYS,
      clock,
    });
    await writeKey(server.key, issued.keyPem);
    await writeCertificate(server.certificate, issued.chainPem);
  }
  return { authority, authorityFile: authorityFiles(directory).certificate, server, changed: !kept || !isServerKept };
}

/** Whether a certificate was made for trying things out, and must not be used on a listener that others can reach. */
export function isDemoCertificate(certificate: string | Buffer | X509Certificate): boolean {
  const { subject, issuer } = certificate instanceof X509Certificate ? certificate : new X509Certificate(certificate);
  const mark = `O=${DEMO_ORGANIZATION}`;
  return [subject, issuer].some((name) => name?.split('\n').includes(mark));
}

async function keptAuthority(directory: string, clock: Pick<Clock, 'now'>): Promise<Authority | undefined> {
  const files = authorityFiles(directory);
  const certificatePem = await readIfPresent(files.certificate);
  const keyPem = await readIfPresent(files.key);
  if (certificatePem === undefined || keyPem === undefined) return undefined;
  if (pairProblem({ certificatePem, keyPem })) return undefined;
  if (!isDemoCertificate(certificatePem)) {
    throw new ProvisioningError(
      'PROVISIONING_CONFLICT',
      `${files.certificate} is not a demo authority and is left alone; name another directory for demo certificates`,
    );
  }
  return needsRenewal(certificatePem, clock) ? undefined : authorityOf(certificatePem, keyPem);
}

async function makeAuthority(directory: string, clock: Pick<Clock, 'now'>): Promise<Authority> {
  const authority = await createAuthority({
    commonName: VEHICLE_AUTHORITY_NAME,
    organization: DEMO_ORGANIZATION,
    organizationalUnits: ['not for production'],
    days: AUTHORITY_DAYS,
    clock,
  });
  const files = authorityFiles(directory);
  await writeKey(files.key, authority.keyPem);
  await writeCertificate(files.certificate, authority.certificatePem);
  return authority;
}

async function isUsable(
  files: PairFiles,
  authority: Authority,
  hosts: readonly string[],
  clock: Pick<Clock, 'now'>,
): Promise<boolean> {
  const certificatePem = await readIfPresent(files.certificate);
  const keyPem = await readIfPresent(files.key);
  if (certificatePem === undefined || keyPem === undefined) return false;
  if (pairProblem({ certificatePem, keyPem }) || needsRenewal(certificatePem, clock)) return false;
  return isIssuedBy(certificatePem, authority) && namesNotCovered(certificatePem, hosts).length === 0;
}

function needsRenewal(certificatePem: string, clock: Pick<Clock, 'now'>): boolean {
  return expiryOf(certificatePem) - clock.now() < RENEW_BEFORE_MS;
}

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { decodeCertificate } from '../../protocols/x509/index.js';
import type { Authority } from './certificate-options.js';
import { ProvisioningError } from './errors.js';
import { readIfPresent } from './files.js';

/** Where a certificate and its key are kept. */
export interface PairFiles {
  readonly certificate: string;
  readonly key: string;
}

export function authorityFiles(directory: string): PairFiles {
  return { certificate: join(directory, 'ca.crt'), key: join(directory, 'ca.key') };
}

export interface PairContent {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/**
 * The authority kept in `directory`. `ca.crt` may hold the authorities above it too, next issuer first; those that are
 * no root go into the chains of what it issues.
 *
 * @throws ProvisioningError if there is none or it cannot be used
 */
export async function readAuthority(directory: string, now: number): Promise<Authority> {
  const files = authorityFiles(directory);
  const certificatePem = await readIfPresent(files.certificate);
  const keyPem = await readIfPresent(files.key);
  if (certificatePem === undefined || keyPem === undefined) {
    const missing = certificatePem === undefined ? files.certificate : files.key;
    throw new ProvisioningError(
      'PROVISIONING_NO_AUTHORITY',
      `no authority to issue with: ${missing} is missing; make one with \`fleetchart provision ca --out ${directory}\``,
    );
  }
  const problem = pairProblem({ certificatePem, keyPem }) ?? expiryProblem(certificatePem, now);
  if (problem) {
    throw new ProvisioningError(
      'PROVISIONING_NO_AUTHORITY',
      `${files.certificate} ${problem}; put the right files there, or make a new authority in another directory`,
    );
  }
  return authorityOf(certificatePem, keyPem);
}

export function authorityOf(certificatePem: string, keyPem: string): Authority {
  const certificates = certificatePem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const intermediates = certificates.filter((pem) => !isSelfIssued(new X509Certificate(pem)));
  const intermediatesPem = intermediates.map((pem) => `${pem}\n`).join('');
  return { certificatePem, keyPem, intermediatesPem, chainPem: intermediatesPem || certificatePem };
}

function isSelfIssued(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate);
}

/** Why a certificate and a key cannot be used together, as the end of a sentence that starts with the file. */
export function pairProblem({ certificatePem, keyPem }: PairContent): string | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(certificatePem);
  } catch {
    return 'is not a certificate in PEM';
  }
  try {
    if (certificate.checkPrivateKey(createPrivateKey(keyPem))) return undefined;
    return 'does not belong to the key beside it';
  } catch {
    return 'has a key beside it that is not PEM, or has a passphrase';
  }
}

/** Epoch milliseconds of the end of the first certificate's validity. */
export function expiryOf(certificatePem: string): number {
  return Date.parse(new X509Certificate(certificatePem).validTo);
}

/** The last CN of the first certificate (FT-ID-1); empty if it has none. */
export function commonNameOf(certificatePem: string): string {
  const facts = decodeCertificate(new X509Certificate(certificatePem).raw);
  return facts.ok ? (facts.value.subject.findLast(({ type }) => type === 'CN')?.value ?? '') : '';
}

export function expiryProblem(certificatePem: string, now: number): string | undefined {
  const end = expiryOf(certificatePem);
  return end > now ? undefined : `expired on ${new Date(end).toISOString()}`;
}

export function isIssuedBy(certificatePem: string, authority: Authority): boolean {
  const certificate = new X509Certificate(certificatePem);
  const issuer = new X509Certificate(authority.certificatePem);
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** Those of `names` that a server certificate does not stand for. */
export function namesNotCovered(certificatePem: string, names: readonly string[]): string[] {
  const certificate = new X509Certificate(certificatePem);
  const alternatives = (certificate.subjectAltName ?? '').split(', ');
  return names.filter((name) => {
    if (isIP(name)) return !certificate.checkIP(name);
    // `checkHost` matches a name with a wildcard, not a wildcard with itself.
    return !certificate.checkHost(name) && !alternatives.includes(`DNS:${name}`);
  });
}

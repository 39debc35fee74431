import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../runtime/clock.js';
import { authorityFiles, commonNameOf, isIssuedBy, namesNotCovered, readAuthority } from './authority-files.js';
import type { Authority } from './certificate-options.js';
import { VEHICLE_AUTHORITY_NAME } from './demo.js';
import { createAuthority, issueServerCertificate } from './effects.js';
import { ProvisioningError } from './errors.js';
import { readIfPresent, writeCertificate } from './files.js';
import type { KeyKind } from './keys.js';
import { issueMany } from './many.js';
import { checkDeviceName, checkHostName } from './names.js';
import { findPair, type PairRequest, type ProvisionedPair, writePair } from './pair.js';

export interface ProvisionOptions {
  /** Where the files go; nothing is written outside. */
  readonly directory: string;
  /** @default P-256 */
  readonly key?: KeyKind;
  /** 1 to 3 650 (PCL-7). @default 3 650 for an authority, 365 for others */
  readonly days?: number;
  /** Replace what exists. @default false */
  readonly force?: boolean;
  /** @default systemClock */
  readonly clock?: Pick<Clock, 'now'>;
}

const MOST_DAYS = 3_650;

/** An authority for devices in `directory`: `ca.crt`, `ca.key`. */
export async function provisionAuthority(
  options: ProvisionOptions & { readonly commonName?: string },
): Promise<ProvisionedPair> {
  const { clock = systemClock, commonName = VEHICLE_AUTHORITY_NAME } = options;
  checkDays(options.days);
  const request: PairRequest = {
    files: authorityFiles(options.directory),
    force: options.force ?? false,
    // What the lost half has signed would be refused from then on: that must be asked for.
    replacesHalf: false,
    problem: (pem) => authorityProblem(pem, options.commonName),
  };
  const found = await findPair(request, clock);
  if ('kept' in found) return found.kept;
  const made = await createAuthority({ ...validity(options), commonName });
  return writePair(request, found.toWrite, made, clock);
}

/** A server certificate for a hub in `directory`: `hub.crt`, `hub.key`, and the authority's `ca.crt`. */
export async function provisionHub(
  options: ProvisionOptions & { readonly authorityDirectory: string; readonly names: readonly string[] },
): Promise<ProvisionedPair> {
  const { clock = systemClock, directory, names, force = false } = options;
  checkDays(options.days);
  for (const name of names) checkHostName(name);
  const authority = await readAuthority(options.authorityDirectory, clock.now());
  const request: PairRequest = {
    files: { certificate: join(directory, 'hub.crt'), key: join(directory, 'hub.key') },
    force,
    replacesHalf: true,
    problem: (pem) => serverProblem(pem, authority, names),
  };
  const found = await findPair(request, clock);
  await copyAuthority(authority, directory, force);
  if ('kept' in found) return found.kept;
  const { chainPem, keyPem } = await issueServerCertificate(authority, { ...validity(options), names });
  return writePair(request, found.toWrite, { certificatePem: chainPem, keyPem }, clock);
}

export interface ProvisionDevicesOptions extends ProvisionOptions {
  readonly authorityDirectory: string;
  /** CNs, VINs for vehicles. */
  readonly names: readonly string[];
  /** One key for all, for load tests. @default false */
  readonly sharedKey?: boolean;
}

/** Client certificates in a folder each, by the names that peers read: `NAME/device.crt`, `NAME/device.key`. */
export async function provisionDevices(options: ProvisionDevicesOptions): Promise<ProvisionedPair[]> {
  const { clock = systemClock, directory, names, force = false, sharedKey = false } = options;
  checkDays(options.days);
  for (const name of names) checkDeviceName(name);
  const authority = await readAuthority(options.authorityDirectory, clock.now());
  // All are looked at before any is written, so that a conflict leaves nothing half done.
  const wishes = await Promise.all(
    [...new Set(names)].map(async (name) => {
      const request = deviceRequest(directory, name, authority, force);
      return { name, request, found: await findPair(request, clock) };
    }),
  );
  await copyAuthority(authority, directory, force);
  const commonNames = wishes.filter(({ found }) => 'toWrite' in found).map(({ name }) => name);
  const made = await issueMany(authority, { ...validity(options), commonNames, sharedKey });
  const issuedByName = new Map(commonNames.map((name, index) => [name, made[index]]));
  const pairs: ProvisionedPair[] = [];
  for (const { name, request, found } of wishes) {
    const issued = issuedByName.get(name);
    if ('kept' in found) pairs.push(found.kept);
    else if (issued) {
      const content = { certificatePem: issued.chainPem, keyPem: issued.keyPem };
      pairs.push(await writePair(request, found.toWrite, content, clock));
    }
  }
  return pairs;
}

function deviceRequest(directory: string, name: string, authority: Authority, force: boolean): PairRequest {
  return {
    files: { certificate: join(directory, name, 'device.crt'), key: join(directory, name, 'device.key') },
    force,
    replacesHalf: true,
    problem: (pem) => deviceProblem(pem, authority, name),
  };
}

/**
 * Whoever verifies the other side needs the authority's certificate, never its key. One that has its key beside it is
 * an authority at home, which not even `force` replaces.
 */
async function copyAuthority(authority: Authority, directory: string, force: boolean): Promise<void> {
  const { certificate: path, key } = authorityFiles(directory);
  const present = await readIfPresent(path);
  if (present === authority.certificatePem) return;
  if (present !== undefined && (!force || (await readIfPresent(key)) !== undefined)) {
    throw new ProvisioningError(
      'PROVISIONING_CONFLICT',
      `${path} exists already and is of another authority than the one to issue with. Nothing was written; name another --out`,
    );
  }
  await writeCertificate(path, authority.certificatePem);
}

function authorityProblem(pem: string, commonName: string | undefined): string | undefined {
  if (!new X509Certificate(pem).ca) return 'is not the certificate of an authority';
  const present = commonNameOf(pem);
  if (commonName === undefined || present === commonName) return undefined;
  return `is of ${JSON.stringify(present)}, not of ${JSON.stringify(commonName)}`;
}

function serverProblem(pem: string, authority: Authority, names: readonly string[]): string | undefined {
  if (!isIssuedBy(pem, authority)) return 'was issued by another authority';
  const missing = namesNotCovered(pem, names);
  return missing.length === 0 ? undefined : `does not stand for ${missing.join(', ')}`;
}

function deviceProblem(pem: string, authority: Authority, name: string): string | undefined {
  if (!isIssuedBy(pem, authority)) return 'was issued by another authority';
  const present = commonNameOf(pem);
  return present === name ? undefined : `is of ${JSON.stringify(present)}`;
}

function validity({ key, days, clock }: ProvisionOptions): Pick<ProvisionOptions, 'key' | 'days' | 'clock'> {
  return {
    ...(key === undefined ? {} : { key }),
    ...(days === undefined ? {} : { days }),
    ...(clock === undefined ? {} : { clock }),
  };
}

function checkDays(days: number | undefined): void {
  if (days === undefined || (Number.isInteger(days) && days >= 1 && days <= MOST_DAYS)) return;
  throw new ProvisioningError('PROVISIONING_ARGUMENT', `--days is a whole number from 1 to ${MOST_DAYS}, not ${days}`);
}

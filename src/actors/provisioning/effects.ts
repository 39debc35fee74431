import { randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type * as x509 from '@peculiar/x509';
import { systemClock } from '../../runtime/clock.js';
import {
  type Authority,
  type AuthorityOptions,
  type CertificateOptions,
  type DeviceCertificateOptions,
  type IssuedCertificate,
  KEY_PURPOSE,
  type ServerCertificateOptions,
  type SubjectOptions,
} from './certificate-options.js';
import { ProvisioningError } from './errors.js';
import { generateKey, P256, publicKeyOf, signingScheme } from './keys.js';
import { LONGEST_NAME } from './names.js';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const AUTHORITY_DAYS = 3_650;
const LEAF_DAYS = 365;

type X509 = typeof x509;

/** The library takes a quarter of a second to load, which only those pay who make certificates. */
let library: Promise<X509> | undefined;

function load(): Promise<X509> {
  library ??= import('reflect-metadata').then(() => import('@peculiar/x509'));
  return library;
}

/** A root authority, or an intermediate one below `issuer`. */
export async function createAuthority(options: AuthorityOptions): Promise<Authority> {
  const lib = await load();
  const keyPem = options.keyPem ?? (await generateKey(options.key ?? P256));
  const extensions: x509.Extension[] = [
    new lib.BasicConstraintsExtension(true, undefined, true),
    new lib.KeyUsagesExtension(lib.KeyUsageFlags.keyCertSign | lib.KeyUsageFlags.cRLSign, true),
    await lib.SubjectKeyIdentifierExtension.create(publicKeyOf(keyPem)),
  ];
  if (options.extendedKeyUsages?.length) {
    extensions.push(new lib.ExtendedKeyUsageExtension([...options.extendedKeyUsages]));
  }
  const { issuer } = options;
  const certificatePem = await sign(lib, issuer, keyPem, subjectOf(lib, options), options, AUTHORITY_DAYS, extensions);
  const intermediatesPem = issuer ? certificatePem + issuer.intermediatesPem : '';
  return { certificatePem, keyPem, intermediatesPem, chainPem: intermediatesPem || certificatePem };
}

/** A certificate for a listener: serverAuth, with `names` as subject alternative names. */
export async function issueServerCertificate(
  authority: Authority,
  options: ServerCertificateOptions,
): Promise<IssuedCertificate> {
  const { names } = options;
  const first = names[0];
  if (first === undefined) {
    throw new ProvisioningError('PROVISIONING_ARGUMENT', 'a server certificate needs at least one name or address');
  }
  const lib = await load();
  // A name too long for a CN still stands among the alternative names, which is where clients look.
  const commonName = first.slice(0, LONGEST_NAME);
  const subject = subjectOf(lib, {
    commonName,
    ...(options.organization === undefined ? {} : { organization: options.organization }),
  });
  const alternatives = names.map((name) => ({ type: isIP(name) ? ('ip' as const) : ('dns' as const), value: name }));
  return issueLeaf(lib, authority, subject, options, [
    new lib.ExtendedKeyUsageExtension([KEY_PURPOSE.serverAuth]),
    new lib.SubjectAlternativeNameExtension(alternatives),
  ]);
}

/** A certificate for a vehicle or another client. */
export async function issueDeviceCertificate(
  authority: Authority,
  options: DeviceCertificateOptions,
): Promise<IssuedCertificate> {
  const lib = await load();
  const usages = options.extendedKeyUsages ?? [KEY_PURPOSE.clientAuth];
  const extensions = usages.length === 0 ? [] : [new lib.ExtendedKeyUsageExtension([...usages])];
  return issueLeaf(lib, authority, subjectOf(lib, options), options, extensions);
}

async function issueLeaf(
  lib: X509,
  authority: Authority,
  subject: x509.Name,
  options: CertificateOptions,
  extensions: readonly x509.Extension[],
): Promise<IssuedCertificate> {
  const keyPem = options.keyPem ?? (await generateKey(options.key ?? P256));
  const isRsa = signingScheme(keyPem).algorithm.name !== 'ECDSA';
  const usage = lib.KeyUsageFlags.digitalSignature | (isRsa ? lib.KeyUsageFlags.keyEncipherment : 0);
  const certificatePem = await sign(lib, authority, keyPem, subject, options, LEAF_DAYS, [
    new lib.BasicConstraintsExtension(false, undefined, true),
    new lib.KeyUsagesExtension(usage, true),
    ...extensions,
  ]);
  return { certificatePem, keyPem, chainPem: certificatePem + authority.intermediatesPem };
}

async function sign(
  lib: X509,
  issuer: Authority | undefined,
  keyPem: string,
  subject: x509.Name,
  options: CertificateOptions,
  defaultDays: number,
  extensions: readonly x509.Extension[],
): Promise<string> {
  const { algorithm, pkcs8 } = signingScheme(issuer?.keyPem ?? keyPem);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  const issuerCertificate = issuer && new lib.X509Certificate(issuer.certificatePem);
  const certificate = await lib.X509CertificateGenerator.create({
    serialNumber: randomSerial().toString('hex'),
    subject,
    issuer: issuerCertificate?.subjectName ?? subject,
    ...validityOf(options, defaultDays, issuer?.certificatePem),
    publicKey: publicKeyOf(keyPem),
    signingKey,
    signingAlgorithm: algorithm,
    extensions: issuerCertificate
      ? [...extensions, await lib.AuthorityKeyIdentifierExtension.create(issuerCertificate.publicKey)]
      : [...extensions],
  });
  return `${certificate.toString('pem')}\n`;
}

/** 128 bits, positive, without leading zeros. */
export function randomSerial(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] as number) & 0x3f) | 0x40;
  return serial;
}

function subjectOf(lib: X509, options: SubjectOptions): x509.Name {
  const commonNames = typeof options.commonName === 'string' ? [options.commonName] : options.commonName;
  const attributes: (readonly [string, string])[] = [
    ...(options.organization === undefined ? [] : [['O', options.organization] as const]),
    ...(options.organizationalUnits ?? []).map((unit) => ['OU', unit] as const),
    ...commonNames.map((name) => ['CN', name] as const),
  ];
  for (const [type, value] of attributes) {
    if (value.length > 0 && value.length <= LONGEST_NAME) continue;
    throw new ProvisioningError(
      'PROVISIONING_NAME',
      `${type} ${JSON.stringify(value)} must have 1 to ${LONGEST_NAME} characters`,
    );
  }
  return new lib.Name(attributes.map(([type, value]) => ({ [type]: [{ utf8String: value }] })));
}

function validityOf(
  { clock = systemClock, days, notBefore, notAfter }: CertificateOptions,
  defaultDays: number,
  issuerPem: string | undefined,
): { notBefore: Date; notAfter: Date } {
  const now = clock.now();
  const issuerEnd = issuerPem ? Date.parse(new X509Certificate(issuerPem).validTo) : Number.POSITIVE_INFINITY;
  const end = notAfter ?? Math.min(now + (days ?? defaultDays) * DAY_MS, issuerEnd);
  return { notBefore: new Date(notBefore ?? now - HOUR_MS), notAfter: new Date(end) };
}

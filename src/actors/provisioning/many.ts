import { createPrivateKey, generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { CertificateTemplate, type TemplateFields } from '../../protocols/x509/index.js';
import type { Authority, DeviceCertificateOptions, IssuedCertificate } from './certificate-options.js';
import { issueDeviceCertificate, randomSerial } from './effects.js';
import { ProvisioningError } from './errors.js';
import { generateKey, publicKeyOf, signingScheme } from './keys.js';
import { LONGEST_NAME } from './names.js';

export interface ManyCertificatesOptions extends Omit<DeviceCertificateOptions, 'commonName' | 'keyPem'> {
  /** One certificate each, in this order. */
  readonly commonNames: readonly string[];
  /** One key for all: quicker still, and enough for load; a fleet has a key each. @default false */
  readonly sharedKey?: boolean;
}

/**
 * Certificates for simulated vehicles: thousands a second, where {@link issueDeviceCertificate} makes hundreds. They
 * differ in serial number, common name and, unless shared, key.
 */
export async function issueMany(
  authority: Authority,
  { commonNames, sharedKey = false, ...options }: ManyCertificatesOptions,
): Promise<IssuedCertificate[]> {
  if (commonNames.length === 0) return [];
  const keyPem = await generateKey(options.key);
  const model = await issueDeviceCertificate(authority, { ...options, commonName: 'template', keyPem });
  const template = CertificateTemplate.of(new X509Certificate(model.certificatePem).raw);
  const signingKey = createPrivateKey(authority.keyPem);
  const digest = signingScheme(authority.keyPem).algorithm.hash;
  const shared: Key = { pem: keyPem, publicKey: publicKeyOf(keyPem) };
  const isQuick = options.key === undefined || options.key.type === 'ec';

  const issued: IssuedCertificate[] = [];
  for (const commonName of commonNames) {
    const key = sharedKey ? shared : isQuick ? quickKey() : await slowKey(options.key);
    const subject = subjectOf(commonName, options);
    const body = template.body({ serial: randomSerial(), subject, publicKey: key.publicKey });
    const certificatePem = pem(template.seal(body, sign(digest, body, signingKey)));
    issued.push({ certificatePem, keyPem: key.pem, chainPem: certificatePem + authority.intermediatesPem });
  }
  return issued;
}

interface Key {
  readonly pem: string;
  readonly publicKey: Buffer;
}

/** On this thread: the way over the thread pool takes longer than the key. */
function quickKey(): Key {
  const pair: { privateKey: KeyObject; publicKey: KeyObject } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    pem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: pair.publicKey.export({ type: 'spki', format: 'der' }),
  };
}

async function slowKey(kind: DeviceCertificateOptions['key']): Promise<Key> {
  const keyPem = await generateKey(kind);
  return { pem: keyPem, publicKey: publicKeyOf(keyPem) };
}

function subjectOf(
  commonName: string,
  { organization, organizationalUnits = [] }: Omit<DeviceCertificateOptions, 'commonName'>,
): TemplateFields['subject'] {
  if (commonName.length === 0 || commonName.length > LONGEST_NAME) {
    const name = JSON.stringify(commonName);
    throw new ProvisioningError('PROVISIONING_NAME', `CN ${name} must have 1 to ${LONGEST_NAME} characters`);
  }
  return [
    ...(organization === undefined ? [] : [{ type: 'O' as const, value: organization }]),
    ...organizationalUnits.map((value) => ({ type: 'OU' as const, value })),
    { type: 'CN' as const, value: commonName },
  ];
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

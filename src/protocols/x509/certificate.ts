import { DerError, DerReader, type Element, explicitTag, TAG } from './der.js';
import {
  type CertificateFacts,
  KEY_USAGES,
  type KeyUsage,
  type NameAttribute,
  type X509Failure,
  type X509Result,
} from './types.js';
import { integerOf, oidOf, textOf, timeOf } from './values.js';

/** No certificate of a vehicle comes near it; it bounds what a hostile one may cost. */
const LONGEST_CERTIFICATE_BYTES = 64 * 1024;

const TYPE_BY_OID: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.5', 'serialNumber'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
]);

const KEY_USAGE = '2.5.29.15';
const EXTENDED_KEY_USAGE = '2.5.29.37';
const EXTENSIONS_FIELD = 3;

/**
 * Reads a certificate in DER. Node shows names flattened and key usages without those it does not know; the identity
 * rules (FT-ID-1 to FT-ID-4) need repeated attributes and OIDs in certificate order. Verifies nothing. Never throws.
 */
export function decodeCertificate(der: Uint8Array): X509Result<CertificateFacts> {
  if (der.length > LONGEST_CERTIFICATE_BYTES) {
    return failure('X509_TOO_LARGE', `more than ${LONGEST_CERTIFICATE_BYTES} bytes`, LONGEST_CERTIFICATE_BYTES);
  }
  try {
    return { ok: true, value: certificateOf(DerReader.of(Buffer.from(der.buffer, der.byteOffset, der.length))) };
  } catch (error) {
    if (error instanceof DerError) return failure(error.code, error.message, error.offset);
    throw error;
  }
}

/** Reads a distinguished name in DER; attributes that are no text are left out. Never throws. */
export function decodeName(der: Uint8Array): X509Result<readonly NameAttribute[]> {
  try {
    const name = DerReader.of(Buffer.from(der.buffer, der.byteOffset, der.length));
    return { ok: true, value: nameOf(name.inside(name.expect(TAG.sequence, 'name'))) };
  } catch (error) {
    if (error instanceof DerError) return failure(error.code, error.message, error.offset);
    throw error;
  }
}

/** `CN=Example CA, O=Example`, for people: what says most comes first, as in RFC 4514. */
export const nameText = (attributes: readonly NameAttribute[]): string =>
  attributes
    .toReversed()
    .map(({ type, value }) => `${type}=${value}`)
    .join(', ');

function failure(code: X509Failure['code'], detail: string, offset: number): X509Result<never> {
  return { ok: false, error: { code, detail, offset } };
}

function certificateOf(der: DerReader): CertificateFacts {
  const certificate = der.inside(der.expect(TAG.sequence, 'certificate'));
  der.finish('the certificate');
  const body = certificate.inside(certificate.expect(TAG.sequence, 'certificate body'));
  body.optional(explicitTag(0), 'version');
  const serialNumber = integerOf(der.bytes, body.expect(TAG.integer, 'serial number'));
  body.expect(TAG.sequence, 'signature algorithm');
  const issuer = nameOf(body.inside(body.expect(TAG.sequence, 'issuer')));
  const validity = body.inside(body.expect(TAG.sequence, 'validity'));
  const notBefore = timeOf(der.bytes, validity.next('notBefore'));
  const notAfter = timeOf(der.bytes, validity.next('notAfter'));
  const subject = nameOf(body.inside(body.expect(TAG.sequence, 'subject')));
  body.expect(TAG.sequence, 'public key');
  return {
    serialNumber,
    subject,
    issuer,
    issuerCommonName: issuer.findLast(({ type }) => type === 'CN')?.value ?? '',
    notBefore,
    notAfter,
    ...usagesOf(body),
  };
}

function nameOf(name: DerReader): NameAttribute[] {
  const attributes: NameAttribute[] = [];
  while (!name.isAtEnd) {
    const set = name.inside(name.expect(TAG.set, 'relative name'));
    while (!set.isAtEnd) {
      const pair = set.inside(set.expect(TAG.sequence, 'name attribute'));
      const oid = oidOf(name.bytes, pair.expect(TAG.oid, 'attribute type'));
      const value = textOf(name.bytes, pair.next('attribute value'));
      if (value !== undefined) attributes.push({ type: TYPE_BY_OID.get(oid) ?? oid, value });
    }
  }
  return attributes;
}

/** `body` stands behind the public key; the unique identifiers of version 2 may come before the extensions. */
function usagesOf(body: DerReader): Pick<CertificateFacts, 'keyUsage' | 'extendedKeyUsage'> {
  const extensions = extensionsOf(body);
  let keyUsage: CertificateFacts['keyUsage'];
  let extendedKeyUsage: string[] | undefined;
  while (extensions && !extensions.isAtEnd) {
    const extension = extensions.inside(extensions.expect(TAG.sequence, 'extension'));
    const type = extension.expect(TAG.oid, 'extension type');
    extension.optional(TAG.boolean, 'criticality');
    const value = extension.expect(TAG.octetString, 'extension value');
    const oid = oidOf(body.bytes, type);
    if (oid === KEY_USAGE) keyUsage = keyUsagesOf(body.inside(value));
    if (oid !== EXTENDED_KEY_USAGE) continue;
    if (extendedKeyUsage) throw new DerError('X509_MALFORMED', 'two extended key usages', type.start);
    extendedKeyUsage = oidsOf(body.inside(value));
  }
  return { keyUsage, extendedKeyUsage: extendedKeyUsage ?? [] };
}

/** RFC 5280 §4.2.1.3: the first bit is the highest of the first byte, behind the count of unused ones. */
function keyUsagesOf(value: DerReader): KeyUsage[] {
  const { contentStart, end } = value.expect(TAG.bitString, 'key usage');
  const bits = [...value.bytes.subarray(contentStart + 1, end)];
  return KEY_USAGES.filter((_, bit) => (((bits[bit >> 3] ?? 0) << (bit & 7)) & 0x80) !== 0);
}

function extensionsOf(body: DerReader): DerReader | undefined {
  let last: Element | undefined;
  while (!body.isAtEnd) last = body.next('optional field');
  if (last?.tag !== explicitTag(EXTENSIONS_FIELD)) return undefined;
  const field = body.inside(last);
  return field.inside(field.expect(TAG.sequence, 'extensions'));
}

function oidsOf(value: DerReader): string[] {
  const list = value.inside(value.expect(TAG.sequence, 'extended key usage'));
  value.finish('the extended key usage');
  const oids: string[] = [];
  while (!list.isAtEnd) oids.push(oidOf(list.bytes, list.expect(TAG.oid, 'key purpose')));
  return oids;
}

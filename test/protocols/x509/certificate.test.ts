import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { before, test } from 'node:test';
import { type Authority, createAuthority, issueDeviceCertificate } from '../../../src/actors/provisioning/index.js';
import { type CertificateFacts, decodeCertificate, decodeName, nameText } from '../../../src/protocols/x509/index.js';
import { attribute, bytes, certificate, extension, name, oid, tagged, text, validity } from './der.js';

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const VEHICLE_OID = '1.3.6.1.4.1.49279.2.5.1';

let authority: Authority;
let der: Buffer;

before(async () => {
  authority = await createAuthority({ commonName: 'Tesla Motors Products CA', organization: 'Test Co' });
  der = derOf(
    await issueDeviceCertificate(authority, {
      commonName: ['first', 'a.b.c'],
      organization: 'Ökö, Inc. + "x"',
      organizationalUnits: ['Tesla Motors SN', 'Solar Inverter'],
      extendedKeyUsages: [VEHICLE_OID, CLIENT_AUTH, '1.3.6.1.4.1.49279.2.4.1'],
    }),
  );
});

function derOf({ certificatePem }: { certificatePem: string }): Buffer {
  return new X509Certificate(certificatePem).raw;
}

function facts(input: Uint8Array): CertificateFacts {
  const result = decodeCertificate(input);
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

function codeOf(input: Uint8Array): string {
  const result = decodeCertificate(input);
  assert.ok(!result.ok, 'it should not be readable');
  assert.ok(result.error.offset >= 0 && result.error.offset <= input.length);
  return result.error.code;
}

test('FT-ID-1 all common names are there in certificate order', () => {
  const names = facts(der).subject.filter(({ type }) => type === 'CN');
  assert.deepEqual(
    names.map(({ value }) => value),
    ['first', 'a.b.c'],
  );
});

test('FT-ID-2 the issuer is named', () => {
  assert.equal(facts(der).issuerCommonName, 'Tesla Motors Products CA');
  assert.deepEqual(facts(der).issuer, [
    { type: 'O', value: 'Test Co' },
    { type: 'CN', value: 'Tesla Motors Products CA' },
  ]);
});

test('FT-ID-3 units are there in certificate order, other attributes with all their characters', () => {
  assert.deepEqual(facts(der).subject.slice(0, 3), [
    { type: 'O', value: 'Ökö, Inc. + "x"' },
    { type: 'OU', value: 'Tesla Motors SN' },
    { type: 'OU', value: 'Solar Inverter' },
  ]);
});

test('FT-ID-4 purposes are there in certificate order, known to node or not', async () => {
  assert.deepEqual(facts(der).extendedKeyUsage, [VEHICLE_OID, CLIENT_AUTH, '1.3.6.1.4.1.49279.2.4.1']);
  const without = await issueDeviceCertificate(authority, { commonName: 'x', extendedKeyUsages: [] });
  assert.deepEqual(facts(derOf(without)).extendedKeyUsage, []);
});

test('FT-TLS-5 what a key may be used for, and names of authorities as a server sends them', async () => {
  assert.deepEqual(facts(der).keyUsage, ['digitalSignature']);
  assert.deepEqual(facts(Buffer.from(new X509Certificate(authority.certificatePem).raw)).keyUsage, [
    'keyCertSign',
    'cRLSign',
  ]);
  const name = Buffer.from('30133111300f0603550403130854657374204f6e65', 'hex');
  const read = decodeName(name);
  assert.ok(read.ok);
  assert.equal(nameText(read.value), 'CN=Test One');
  assert.equal(nameText(facts(der).issuer), 'CN=Tesla Motors Products CA, O=Test Co');
  for (let length = 0; length < name.length; length++) assert.equal(decodeName(name.subarray(0, length)).ok, false);
});

test('serial number and validity are those that node reads', () => {
  const other = new X509Certificate(der);
  const { serialNumber, notBefore, notAfter } = facts(der);
  assert.equal(serialNumber, other.serialNumber);
  assert.equal(notBefore, Date.parse(other.validFrom));
  assert.equal(notAfter, Date.parse(other.validTo));
});

test('years of two digits turn at 50, years of four are taken as they are (RFC 5280 §4.1.2.5)', () => {
  const ends = [
    [tagged(0x17, bytes('491231235959Z')), Date.UTC(2049, 11, 31, 23, 59, 59)],
    [tagged(0x17, bytes('500101000000Z')), Date.UTC(1950, 0, 1)],
    [tagged(0x18, bytes('99991231235959Z')), Date.UTC(9999, 11, 31, 23, 59, 59)],
  ] as const;
  for (const [end, expected] of ends) {
    assert.equal(facts(certificate({ validity: validity(end) })).notAfter, expected);
  }
  assert.equal(codeOf(certificate({ validity: validity(tagged(0x17, bytes('4912312359Z'))) })), 'X509_MALFORMED');
});

test('text of every string type is read; attributes that are no text are left out', () => {
  const values = [
    [text(0x0c, 'grün'), 'grün'],
    [text(0x13, 'plain'), 'plain'],
    [tagged(0x14, Buffer.from('grün', 'latin1')), 'grün'],
    [text(0x16, 'a@b'), 'a@b'],
    [tagged(0x1e, Buffer.from([0x20, 0xac, 0, 0x41])), '€A'],
    [tagged(0x1c, Buffer.from([0, 1, 0xf6, 0x97])), '🚗'],
  ] as const;
  for (const [value, expected] of values) {
    const subject = name(attribute('2.5.4.3', value));
    assert.deepEqual(facts(certificate({ subject })).subject, [{ type: 'CN', value: expected }]);
  }
  const subject = name(
    attribute('2.5.4.3', tagged(0x02, Buffer.of(1))),
    attribute('1.2.840.113549.1.9.1', text(0x16, 'a@b')),
  );
  assert.deepEqual(facts(certificate({ subject })).subject, [{ type: '1.2.840.113549.1.9.1', value: 'a@b' }]);
  const broken = [tagged(0x1e, Buffer.of(1)), tagged(0x1c, Buffer.of(0, 0x11, 0, 0))];
  for (const value of broken) {
    assert.equal(codeOf(certificate({ subject: name(attribute('2.5.4.3', value)) })), 'X509_MALFORMED');
  }
});

test('attributes of one multi-valued relative name are all read', () => {
  const set = tagged(
    0x31,
    Buffer.concat([attribute('2.5.4.11', text(0x0c, 'a')), attribute('2.5.4.3', text(0x0c, 'b'))]),
  );
  assert.deepEqual(facts(certificate({ subject: tagged(0x30, set) })).subject, [
    { type: 'OU', value: 'a' },
    { type: 'CN', value: 'b' },
  ]);
});

test('object identifiers with arcs of any size are written in full', () => {
  const uuid = '2.25.329800735698586629295641978511506172918';
  const usages = [uuid, '0.9.2342', '1.39.1', '2.999', '2.5.29.37.0'];
  const value = tagged(0x30, Buffer.concat(usages.map(oid)));
  assert.deepEqual(facts(certificate({ extensions: [extension('2.5.29.37', value)] })).extendedKeyUsage, usages);
  const endless = tagged(0x30, tagged(0x06, Buffer.alloc(200, 0x81)));
  assert.equal(codeOf(certificate({ extensions: [extension('2.5.29.37', endless)] })), 'X509_MALFORMED');
  const cut = tagged(0x30, tagged(0x06, Buffer.of(0x2a, 0x81)));
  assert.equal(codeOf(certificate({ extensions: [extension('2.5.29.37', cut)] })), 'X509_MALFORMED');
});

test('two extended key usages are refused: which one would count?', () => {
  const usage = extension('2.5.29.37', tagged(0x30, oid(CLIENT_AUTH)));
  assert.deepEqual(facts(certificate({ extensions: [usage] })).extendedKeyUsage, [CLIENT_AUTH]);
  assert.equal(codeOf(certificate({ extensions: [usage, usage] })), 'X509_MALFORMED');
});

test('a certificate of version 1, without extensions, is read', () => {
  assert.deepEqual(facts(certificate({ extensions: [] })).extendedKeyUsage, []);
});

test('every truncation and every trailing byte is refused', () => {
  for (let length = 0; length < der.length; length++) {
    assert.ok(['X509_TRUNCATED', 'X509_MALFORMED'].includes(codeOf(der.subarray(0, length))));
  }
  assert.equal(codeOf(Buffer.concat([der, Buffer.of(0)])), 'X509_MALFORMED');
  assert.equal(codeOf(Buffer.alloc(70_000, 0x30)), 'X509_TOO_LARGE');
});

test('lengths that DER does not allow are refused', () => {
  for (const header of [
    [0x30, 0x80],
    [0x30, 0x81, 0x05],
    [0x30, 0x85, 0, 0, 0, 0, 5],
    [0x3f, 0x81, 0x00, 0x00],
  ]) {
    assert.equal(codeOf(Buffer.from([...header, 0, 0, 0, 0, 0])), 'X509_MALFORMED');
  }
});

import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { before, test } from 'node:test';
import {
  type Authority,
  createAuthority,
  generateKey,
  issueDeviceCertificate,
  issueMany,
  issueServerCertificate,
  KEY_PURPOSE,
  ProvisioningError,
  thumbprints,
} from '../../../src/actors/provisioning/index.js';
import { decodeCertificate } from '../../../src/protocols/x509/index.js';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const NOW = Date.UTC(2030, 0, 1);
const clock = { now: () => NOW };

let root: Authority;
let issuing: Authority;

before(async () => {
  root = await createAuthority({ commonName: 'Fleet Root', clock });
  issuing = await createAuthority({ commonName: 'Fleet Issuing', issuer: root, clock });
});

function parse({ certificatePem }: { certificatePem: string }): X509Certificate {
  return new X509Certificate(certificatePem);
}

function subjectOf(issued: { certificatePem: string }): string[] {
  const facts = decodeCertificate(parse(issued).raw);
  assert.ok(facts.ok);
  return facts.value.subject.map(({ type, value }) => `${type}=${value}`);
}

test('an authority signs itself, may issue, and lasts ten years', () => {
  const certificate = parse(root);
  assert.equal(certificate.ca, true);
  assert.ok(certificate.verify(certificate.publicKey));
  assert.ok(certificate.checkPrivateKey(createPrivateKey(root.keyPem)));
  assert.equal(Date.parse(certificate.validTo), NOW + 3_650 * DAY_MS);
  assert.match(certificate.publicKey.asymmetricKeyDetails?.namedCurve ?? '', /prime256v1/);
});

test('PCL-7 a device certificate: CN, clientAuth, no authority, one year from an hour ago, random positive serial', async () => {
  const issued = await issueDeviceCertificate(root, { commonName: 'VIN00000000000001', clock });
  const certificate = parse(issued);
  assert.deepEqual(subjectOf(issued), ['CN=VIN00000000000001']);
  assert.deepEqual(certificate.keyUsage, [KEY_PURPOSE.clientAuth]);
  assert.equal(certificate.ca, false);
  assert.ok(certificate.checkIssued(parse(root)) && certificate.verify(parse(root).publicKey));
  assert.equal(Date.parse(certificate.validFrom), NOW - HOUR_MS);
  assert.equal(Date.parse(certificate.validTo), NOW + 365 * DAY_MS);
  assert.match(certificate.serialNumber, /^[4-7][0-9A-F]{31}$/);
  const other = await issueDeviceCertificate(root, { commonName: 'VIN00000000000001', clock });
  assert.notEqual(parse(other).serialNumber, certificate.serialNumber);
});

test('FT-ID-1 FT-ID-3 FT-ID-4 names, units and purposes are written in the order given', async () => {
  const issued = await issueDeviceCertificate(root, {
    commonName: ['first', 'a.b.c'],
    organizationalUnits: ['Tesla Motors SN', 'Solar Inverter'],
    extendedKeyUsages: ['1.3.6.1.4.1.49279.2.5.1', KEY_PURPOSE.clientAuth],
  });
  assert.deepEqual(subjectOf(issued), ['OU=Tesla Motors SN', 'OU=Solar Inverter', 'CN=first', 'CN=a.b.c']);
  assert.deepEqual(parse(issued).keyUsage, ['1.3.6.1.4.1.49279.2.5.1', KEY_PURPOSE.clientAuth]);
  const without = await issueDeviceCertificate(root, { commonName: 'x', extendedKeyUsages: [] });
  assert.equal(parse(without).keyUsage, undefined);
});

test('a server certificate stands for names and addresses, and for servers alone', async () => {
  const names = ['hub.example.com', '*.hub.example.com', '192.0.2.7', '::1'];
  const certificate = parse(await issueServerCertificate(root, { names }));
  assert.ok(certificate.checkHost('hub.example.com') && certificate.checkHost('eu.hub.example.com'));
  assert.ok(certificate.checkIP('192.0.2.7') && certificate.checkIP('::1'));
  assert.deepEqual(certificate.keyUsage, [KEY_PURPOSE.serverAuth]);
  const long = `${'a'.repeat(60)}.example.com`;
  assert.ok(parse(await issueServerCertificate(root, { names: [long] })).checkHost(long));
});

test('an intermediate authority is part of the chain of what it issues, its root is not', async () => {
  const issued = await issueDeviceCertificate(issuing, { commonName: 'VIN00000000000001' });
  assert.equal(issued.chainPem, issued.certificatePem + issuing.certificatePem);
  assert.ok(parse(issuing).verify(parse(root).publicKey));
  const deeper = await createAuthority({ commonName: 'Deeper', issuer: issuing });
  const leaf = await issueServerCertificate(deeper, { names: ['localhost'] });
  assert.equal(leaf.chainPem, leaf.certificatePem + deeper.certificatePem + issuing.certificatePem);
  assert.equal((await issueDeviceCertificate(root, { commonName: 'x' })).chainPem.match(/BEGIN/g)?.length, 1);
});

test('validity is cut at the end of the issuer, unless its end is asked for', async () => {
  const short = await createAuthority({ commonName: 'Short', days: 10, clock });
  const cut = await issueDeviceCertificate(short, { commonName: 'x', clock });
  assert.equal(parse(cut).validTo, parse(short).validTo);
  const notAfter = NOW - DAY_MS;
  const expired = await issueDeviceCertificate(short, { commonName: 'x', notBefore: notAfter - DAY_MS, notAfter });
  assert.equal(Date.parse(parse(expired).validTo), notAfter);
});

test('RSA keys serve for authorities and devices, mixed with others', async () => {
  const keyPem = await generateKey({ type: 'rsa', bits: 2_048 });
  const authority = await createAuthority({ commonName: 'RSA', keyPem });
  const [device] = await issueMany(authority, { commonNames: ['VIN00000000000001'] });
  assert.ok(device && parse(device).verify(parse(authority).publicKey));
  const other = await issueDeviceCertificate(root, { commonName: 'x', keyPem });
  assert.equal(parse(other).publicKey.asymmetricKeyType, 'rsa');
  assert.ok(parse(other).verify(parse(root).publicKey));
});

test('many certificates have a subject, serial and key of their own, and are otherwise alike', async () => {
  const commonNames = Array.from({ length: 50 }, (_, index) => `VIN${index}`);
  const issued = await issueMany(issuing, { commonNames, organizationalUnits: ['ä', 'b'], organization: 'Co', clock });
  assert.deepEqual(
    issued.map(subjectOf),
    commonNames.map((name) => ['O=Co', 'OU=ä', 'OU=b', `CN=${name}`]),
  );
  const certificates = issued.map(parse);
  assert.equal(new Set(certificates.map(({ serialNumber }) => serialNumber)).size, 50);
  assert.equal(new Set(issued.map(({ keyPem }) => keyPem)).size, 50);
  for (const [index, certificate] of certificates.entries()) {
    assert.ok(certificate.verify(parse(issuing).publicKey) && certificate.checkIssued(parse(issuing)));
    assert.ok(certificate.checkPrivateKey(createPrivateKey(issued[index]?.keyPem ?? '')));
    assert.deepEqual(certificate.keyUsage, [KEY_PURPOSE.clientAuth]);
    assert.equal(Date.parse(certificate.validTo), NOW + 365 * DAY_MS);
  }
  assert.ok(issued.every(({ chainPem }) => chainPem.endsWith(issuing.certificatePem)));
});

test('many certificates may share one key', async () => {
  const issued = await issueMany(root, { commonNames: ['a', 'b', 'c'], sharedKey: true });
  assert.equal(new Set(issued.map(({ keyPem }) => keyPem)).size, 1);
  for (const each of issued) assert.ok(parse(each).checkPrivateKey(createPrivateKey(each.keyPem)));
  assert.deepEqual(await issueMany(root, { commonNames: [] }), []);
});

test('PCL-9 thumbprints are SHA-1 and SHA-256 over the DER, upper-case hex without colons', () => {
  const { sha1, sha256 } = thumbprints(root.certificatePem);
  assert.match(sha1, /^[0-9A-F]{40}$/);
  assert.match(sha256, /^[0-9A-F]{64}$/);
  assert.equal(sha1.match(/../g)?.join(':'), parse(root).fingerprint);
});

test('what cannot be made is refused with a reason', async () => {
  const long = 'x'.repeat(65);
  const refused: readonly (readonly [() => Promise<unknown>, ProvisioningError['code'], RegExp])[] = [
    [() => issueDeviceCertificate(root, { commonName: '' }), 'PROVISIONING_NAME', /1 to 64/],
    [() => issueMany(root, { commonNames: [long] }), 'PROVISIONING_NAME', /1 to 64/],
    [() => issueServerCertificate(root, { names: [] }), 'PROVISIONING_ARGUMENT', /at least one name/],
    [() => generateKey({ type: 'rsa', bits: 1_024 }), 'PROVISIONING_ARGUMENT', /2048 to 8192/],
    [
      () => issueDeviceCertificate({ ...root, keyPem: 'none' }, { commonName: 'x' }),
      'PROVISIONING_ARGUMENT',
      /PEM without/,
    ],
  ];
  for (const [work, code, message] of refused) {
    await assert.rejects(work(), (error: unknown) => {
      assert.ok(error instanceof ProvisioningError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    });
  }
});

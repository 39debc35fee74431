import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { readTlsFiles } from '../../../src/actors/mqtt-link/index.js';
import { createAuthority, issueDeviceCertificate } from '../../../src/actors/provisioning/index.js';
import { runCommand } from '../../cli/run-command.js';
import { temporaryFolder } from '../../fakes/runtime.js';

async function filesOf(t: TestContext) {
  const authority = await createAuthority({ commonName: 'Broker CA' });
  const [one, other] = [
    await issueDeviceCertificate(authority, { commonName: 'one' }),
    await issueDeviceCertificate(authority, { commonName: 'other' }),
  ];
  const folder = temporaryFolder(t);
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  return {
    caFile: file('ca.crt', authority.certificatePem),
    certFile: file('one.crt', one.chainPem),
    keyFile: file('one.key', one.keyPem),
    otherKey: file('other.key', other.keyPem),
    noise: file('noise', 'noise'),
    broken: file('broken', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'),
    nowhere: join(folder, 'nowhere'),
  };
}

describe('the TLS files of a link', () => {
  it('UM-CON-7 are read when they are what they should be', async (t) => {
    const { caFile, certFile, keyFile } = await filesOf(t);
    const read = await readTlsFiles({ caFile, certFile, keyFile });
    assert.ok(read.ok);
    assert.deepEqual(Object.keys(read.value), ['ca', 'cert', 'key']);
    assert.ok((await readTlsFiles({})).ok);
  });

  it('UM-CON-7 are told apart when they are not there, nothing of the kind, or no pair', async (t) => {
    const { caFile, certFile, otherKey, noise, broken, nowhere } = await filesOf(t);
    for (const [files, kind, of] of [
      [{ caFile: nowhere }, 'unreadable', 'ca'],
      [{ caFile, certFile, keyFile: nowhere }, 'unreadable', 'key'],
      [{ caFile: noise }, 'invalid', 'ca'],
      [{ caFile: broken }, 'invalid', 'ca'],
      [{ caFile, certFile, keyFile: otherKey }, 'invalid', 'pair'],
      [{ caFile, certFile, keyFile: noise }, 'invalid', 'pair'],
    ] as const) {
      const read = await readTlsFiles(files);
      assert.ok(!read.ok);
      assert.deepEqual([read.error.kind, read.error.of], [kind, of]);
    }
  });

  it('UM-CON-7 an update manager with others does not start, and says what is wrong with which', async (t) => {
    const { caFile, certFile, otherKey, noise } = await filesOf(t);
    const start = (...flags: readonly string[]) =>
      runCommand(['run', 'update-manager', '-mqtt-conn-broker', 'tls://localhost:1', ...flags]);
    const parsed = await start('-mqtt-conn-ca-cert', noise);
    assert.equal(parsed.exitCode, 1);
    assert.match(
      parsed.stderr,
      /^failed to init Update Manager: failed to parse CA .*noise: there is no PEM certificate/,
    );
    const pair = await start(
      ...['-mqtt-conn-ca-cert', caFile, '-mqtt-conn-cert', certFile, '-mqtt-conn-key', otherKey],
    );
    assert.equal(pair.exitCode, 1);
    assert.match(pair.stderr, /^failed to init Update Manager: failed to load X509 key pair: .*mismatch/);
  });
});

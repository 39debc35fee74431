import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { provisionCommand } from '../../src/cli/provision.js';

interface Run {
  readonly out: string;
  readonly err: string;
  readonly code: number;
}

class Exit extends Error {
  constructor(readonly code: number) {
    super(`exit ${code}`);
  }
}

async function run(...args: string[]): Promise<Run> {
  let out = '';
  let err = '';
  let code = 0;
  const command = provisionCommand({
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    ask: () => assert.fail('nobody is asked'),
    input: () => assert.fail('nothing is read'),
    end: (exitCode) => {
      code = exitCode;
    },
    exit: (exitCode) => {
      throw new Exit(exitCode);
    },
  });
  try {
    await command.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    code = error.code;
  }
  return { out, err, code };
}

async function folder(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'fleetchart-provision-'));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}

async function tree(directory: string): Promise<Record<string, { bytes: string; mtimeMs: number; mode: string }>> {
  const names = (await readdir(directory, { recursive: true })).map(String).sort();
  const files: Record<string, { bytes: string; mtimeMs: number; mode: string }> = {};
  for (const name of names) {
    const path = join(directory, name);
    const { mtimeMs, mode } = await stat(path);
    const isFile = (await stat(path)).isFile();
    if (isFile) files[name] = { bytes: await readFile(path, 'utf8'), mtimeMs, mode: (mode & 0o777).toString(8) };
  }
  return files;
}

interface Report {
  readonly ok: boolean;
  readonly changed: boolean;
  readonly code: number;
  readonly error: string;
  readonly certificates: { name: string; state: string; thumbprints: { sha1: string; sha256: string } }[];
}

function report({ out }: Run): Report {
  return JSON.parse(out) as Report;
}

const VIN = '5YJ3E1EA7JF000001';

test('an authority, a hub and vehicles: files, modes, chain', async (t) => {
  const out = await folder(t);
  assert.equal((await run('ca', '--out', out)).code, 0);
  assert.equal((await run('hub', '--ca', out, '--host', 'hub.example.com', '192.0.2.7', '--out', out)).code, 0);
  assert.equal((await run('device', VIN, 'board-1', '--ca', out, '--out', join(out, 'devices'))).code, 0);
  const files = await tree(out);
  assert.deepEqual(
    Object.entries(files).map(([name, { mode }]) => `${name} ${mode}`),
    [
      'ca.crt 644',
      'ca.key 600',
      `devices/${VIN}/device.crt 644`,
      `devices/${VIN}/device.key 600`,
      'devices/board-1/device.crt 644',
      'devices/board-1/device.key 600',
      'devices/ca.crt 644',
      'hub.crt 644',
      'hub.key 600',
    ],
  );
  const ca = new X509Certificate(files['ca.crt']?.bytes ?? '');
  assert.equal(ca.subject, 'CN=Tesla Motors Products CA');
  const device = new X509Certificate(files[`devices/${VIN}/device.crt`]?.bytes ?? '');
  const hub = new X509Certificate(files['hub.crt']?.bytes ?? '');
  assert.equal(device.subject, `CN=${VIN}`);
  assert.ok(device.verify(ca.publicKey) && hub.verify(ca.publicKey));
  assert.ok(hub.checkHost('hub.example.com') && hub.checkIP('192.0.2.7'));
});

test('PCL-9 both thumbprints, the paths and what to do next are printed', async (t) => {
  const out = await folder(t);
  const first = await run('ca', '--out', out, '--name', 'Example Fleet CA');
  const { fingerprint, fingerprint256 } = new X509Certificate(await readFile(join(out, 'ca.crt')));
  assert.ok(first.out.includes(fingerprint.replaceAll(':', '')));
  assert.ok(first.out.includes(fingerprint256.replaceAll(':', '')));
  assert.ok(first.out.includes(join(out, 'ca.key')));
  assert.match(first.out, /created Example Fleet CA/);
  assert.match(first.out, /Next:\n {2}keep .*ca\.key/);
  const hub = await run('hub', '--ca', out, '--host', 'localhost', '--out', out);
  assert.ok(
    hub.out.includes(
      JSON.stringify({
        server_cert: join(out, 'hub.crt'),
        server_key: join(out, 'hub.key'),
        ca_file: join(out, 'ca.crt'),
      }),
    ),
  );
  const device = await run('device', 'a.b', '--ca', out, '--out', out);
  assert.match(device.out, /will know a\.b as a-b/);
});

test('PCL-13 running twice changes nothing', async (t) => {
  const out = await folder(t);
  const commands = [
    ['ca', '--out', out, '--json'],
    ['hub', '--ca', out, '--host', 'localhost', '--out', out, '--json'],
    ['device', VIN, '--ca', out, '--out', join(out, 'devices'), '--json'],
  ];
  for (const command of commands) assert.equal(report(await run(...command)).changed, true);
  const before = await tree(out);
  for (const command of commands) {
    const again = report(await run(...command));
    assert.deepEqual([again.ok, again.changed], [true, false]);
    assert.equal(again.certificates[0]?.state, 'kept');
    const { out: words } = await run(...command.slice(0, -1));
    assert.match(words, /\nNothing was written: all of it exists already and fits; --force /);
  }
  assert.deepEqual(await tree(out), before);
});

test('--force replaces', async (t) => {
  const out = await folder(t);
  await run('ca', '--out', out);
  const before = await tree(out);
  const again = report(await run('ca', '--out', out, '--force', '--json'));
  assert.equal(again.certificates[0]?.state, 'replaced');
  assert.notEqual((await tree(out))['ca.key']?.bytes, before['ca.key']?.bytes);
});

test('PCL-8 half a pair of a device is completed, half an authority is not', async (t) => {
  const out = await folder(t);
  await run('ca', '--out', out);
  await run('device', VIN, 'other', '--ca', out, '--out', out);
  const before = await tree(out);
  await rm(join(out, VIN, 'device.key'));
  const again = report(await run('device', VIN, 'other', '--ca', out, '--out', out, '--json'));
  assert.deepEqual(
    again.certificates.map(({ name, state }) => [name, state]),
    [
      [VIN, 'replaced'],
      ['other', 'kept'],
    ],
  );
  assert.deepEqual((await tree(out))['other/device.crt'], before['other/device.crt']);
  await rm(join(out, 'ca.key'));
  const refused = await run('ca', '--out', out);
  assert.equal(refused.code, 4);
  assert.match(
    refused.err,
    /ca\.crt exists already and .*ca\.key is missing: put that back\. Nothing was written; --force/,
  );
});

test('what exists and is not what is asked for is a conflict, and nothing is written', async (t) => {
  const out = await folder(t);
  const other = join(out, 'other');
  await run('ca', '--out', out);
  await run('ca', '--out', other);
  await run('hub', '--ca', out, '--host', 'localhost', '--out', out);
  await run('device', VIN, '--ca', out, '--out', join(out, 'devices'));
  const before = await tree(out);
  const conflicts = [
    [['ca', '--out', out, '--name', 'Another'], /is of "Tesla Motors Products CA", not of "Another"/],
    [
      ['hub', '--ca', out, '--host', 'localhost', 'hub.example.com', '--out', out],
      /does not stand for hub\.example\.com/,
    ],
    [['device', 'NEW', VIN, '--ca', other, '--out', join(out, 'devices')], /issued by another authority/],
    [
      ['device', 'NEW', '--ca', other, '--out', join(out, 'devices')],
      /ca\.crt exists already and is of another authority/,
    ],
    [['device', 'NEW', '--ca', other, '--out', out, '--force'], /ca\.crt exists already and is of another authority/],
  ] as const;
  for (const [args, message] of conflicts) {
    const refused = await run(...args);
    assert.equal(refused.code, 4, args.join(' '));
    assert.match(refused.err, message);
  }
  await writeFile(join(out, 'hub.key'), before['ca.key']?.bytes ?? '');
  assert.match(
    (await run('hub', '--ca', out, '--host', 'localhost', '--out', out)).err,
    /hub\.crt exists already and does not belong to the key beside it/,
  );
  await writeFile(join(out, 'hub.key'), before['hub.key']?.bytes ?? '');
  assert.deepEqual(Object.keys(await tree(out)), Object.keys(before));
});

test('names that would leave the folder, or could be no id, are refused', async (t) => {
  const out = await folder(t);
  await run('ca', '--out', out);
  const before = Object.keys(await tree(out));
  for (const name of ['..', '.', '../x', 'a/b', 'a\\b', '/etc/x', 'a b', 'a\u0000', 'a+b', 'a#', 'ü', 'x'.repeat(65)]) {
    const refused = await run('device', '--ca', out, '--out', join(out, 'devices'), '--', name);
    assert.equal(refused.code, 2, name);
    assert.match(refused.err, /cannot be a device id/);
  }
  for (const host of ['https://hub', 'hub:443', 'a..b', '-a', '']) {
    const refused = await run('hub', '--ca', out, '--out', out, `--host=${host}`);
    assert.equal(refused.code, 2, host);
  }
  assert.deepEqual(Object.keys(await tree(out)), before);
});

test('numbered devices, with a key each or one for all', async (t) => {
  const out = await folder(t);
  await run('ca', '--out', out);
  const many = await run('device', '--count', '12', '--ca', out, '--out', join(out, 'a'));
  assert.match(many.out, /and 2 more/);
  const files = await tree(join(out, 'a'));
  assert.ok(files['FLEETCHART0000012/device.crt']);
  const shared = report(
    await run(
      'device',
      '--count',
      '3',
      '--prefix',
      'TEST',
      '--shared-key',
      '--ca',
      out,
      '--out',
      join(out, 'b'),
      '--json',
    ),
  );
  assert.deepEqual(
    shared.certificates.map(({ name }) => name),
    ['TEST0000000000001', 'TEST0000000000002', 'TEST0000000000003'],
  );
  const keys = Object.entries(await tree(join(out, 'b'))).filter(([name]) => name.endsWith('.key'));
  assert.equal(new Set(keys.map(([, { bytes }]) => bytes)).size, 1);
});

test('--rsa makes RSA keys, --days sets the validity', async (t) => {
  const out = await folder(t);
  await run('ca', '--out', out, '--rsa', '2048', '--days', '2');
  const certificate = new X509Certificate(await readFile(join(out, 'ca.crt')));
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.modulusLength, 2_048);
  const days = (Date.parse(certificate.validTo) - Date.now()) / 86_400_000;
  assert.ok(days > 1.9 && days <= 2);
  const kept = report(await run('ca', '--out', out, '--json'));
  assert.equal(kept.changed, false);
  assert.match(JSON.stringify(kept.certificates), /renew it with --force/);
});

test('PCL-18 with --json a failure is one JSON document on standard output', async (t) => {
  const out = await folder(t);
  const failed = await run('device', VIN, '--ca', join(out, 'nowhere'), '--out', out, '--json');
  assert.equal(failed.err, '');
  assert.deepEqual([report(failed).ok, report(failed).code, failed.code], [false, 2, 2]);
  assert.match(report(failed).error, /fleetchart provision ca --out/);
});

test('files that cannot be written end with 5', async (t) => {
  const out = await folder(t);
  await writeFile(join(out, 'file'), '');
  const failed = await run('ca', '--out', join(out, 'file', 'below'));
  assert.equal(failed.code, 5);
  assert.match(failed.err, /cannot (read|write) .*file/);
});

test('wrong usage ends with 2, help with 0 and an example', async () => {
  const wrong = [
    [],
    ['hub'],
    ['ca'],
    ['device', '--ca', 'x', '--out', 'y'],
    ['ca', '--out', 'x', '--days', '0'],
    ['nonsense'],
  ];
  for (const args of wrong) assert.equal((await run(...args)).code, 2, args.join(' '));
  assert.equal((await run('ca', '--out', 'x', '--days', '9999')).code, 2);
  assert.equal((await run('device', VIN, '--count', '3', '--ca', 'x', '--out', 'y')).code, 2);
  for (const args of [['--help'], ['ca', '--help'], ['hub', '--help'], ['device', '--help']]) {
    const help = await run(...args);
    assert.equal(help.code, 0);
    assert.match(help.out, /Example[s:].*\n(.*\n)* {2}fleetchart provision/);
  }
});

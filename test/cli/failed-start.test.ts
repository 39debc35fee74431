import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { writeServerConfig } from '../fakes/ingest-hub.js';
import { temporaryFolder } from '../fakes/runtime.js';

const PROGRAM = fileURLToPath(new URL('../../../bin/fleetchart.mjs', import.meta.url));

/** What it ended with, and the lines on standard error: those of the log, and those for people. */
async function failure(t: TestContext, args: readonly string[]) {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const [code] = (await once(child, 'close', { signal: AbortSignal.timeout(120_000) })) as [number | null];
  const lines = text.trimEnd().split('\n');
  assert.doesNotMatch(text, /^ +at |"stack"|\\n +at /m, 'no stack trace');
  return {
    code,
    logged: lines.filter((line) => line.startsWith('{')),
    told: lines.filter((line) => !line.startsWith('{')),
  };
}

async function takenPort(t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** The one line for people, behind those of the log. */
function assertTold({ logged, told }: Awaited<ReturnType<typeof failure>>, expected: RegExp): void {
  assert.match(told[0] ?? '', expected);
  assert.equal(logged.filter((line) => line.includes('the process could not start')).length, 1);
  assert.equal(told.filter((line) => line.startsWith('error: ')).length, 1);
}

describe('run fleet-telemetry that cannot start ends with 2, as the reference does', () => {
  const run = (t: TestContext, file: string, data: string) =>
    failure(t, ['run', 'fleet-telemetry', `-config=${file}`, `-data=${data}`]);

  it('CLI-2 CLI-3 where a port of monitoring is taken', async (t) => {
    const folder = temporaryFolder(t);
    const file = await writeServerConfig(folder, { monitoring: { prometheus_metrics_port: await takenPort(t) } });
    const ended = await run(t, file, join(folder, 'data'));
    assert.equal(ended.code, 2);
    assertTold(ended, /^error: MONITORING_ADDRESS_IN_USE: .* set monitoring\.prometheus_metrics_port to another$/);
  });

  it('CLI-2 CLI-3 where the files of the listener cannot be used, each with what is wrong', async (t) => {
    const folder = temporaryFolder(t);
    const file = await writeServerConfig(folder, {}, { 'hub.key': 'none', 'ca.crt': 'none' });
    const ended = await run(t, file, join(folder, 'data'));
    assert.equal(ended.code, 2);
    assertTold(
      ended,
      /no usable private key in .*hub\.key.*; there is no certificate in PEM in .*ca\.crt\. .*provision/,
    );
  });

  it('CLI-2 CLI-3 where another process has the store, or nothing can be stored', async (t) => {
    const folder = temporaryFolder(t);
    const file = await writeServerConfig(folder);
    mkdirSync(join(folder, 'data/store'), { recursive: true });
    writeFileSync(join(folder, 'data/store/store.lmdb'), 'something else');
    const strange = await run(t, file, join(folder, 'data'));
    assert.equal(strange.code, 2);
    assertTold(strange, /^error: STORAGE_OPEN_FAILED: .*it is no store; .*put back a copy/);
    const nowhere = await run(t, file, file);
    assert.equal(nowhere.code, 2);
    assertTold(nowhere, /^error: STORAGE_OPEN_FAILED: cannot make the folder .*ENOTDIR.*name another data folder/);
  });

  it('CLI-3 where the data folder is left empty', async (t) => {
    const { code, told } = await failure(t, ['run', 'fleet-telemetry', '-data=']);
    assert.equal(code, 2);
    assert.match(told[0] ?? '', /^error: flag needs an argument: -data$/);
  });
});

describe('a hub or a vehicle that cannot start ends with 1', () => {
  const config = (t: TestContext, content: object): string => {
    const file = join(temporaryFolder(t), 'config.json');
    writeFileSync(file, JSON.stringify(content));
    return file;
  };

  it('CLI-2 CLI-3 where the port of the API is taken', async (t) => {
    const dataDir = temporaryFolder(t);
    const http = { port: await takenPort(t) };
    for (const [role, content] of [
      ['hub', { dataDir, http }],
      ['vehicle', { dataDir, http, mqtt: { embedded: { port: 0 } } }],
    ] as const) {
      const ended = await failure(t, [role, '--config', config(t, content)]);
      assert.equal(ended.code, 1, role);
      assertTold(
        ended,
        /^error: HTTP_ADDRESS_IN_USE: port \d+ on .* is taken: stop what listens there, or set http\.port/,
      );
    }
  });

  it('CLI-3 where something else stands in the place of a folder', async (t) => {
    const dataDir = temporaryFolder(t);
    writeFileSync(join(dataDir, 'slots'), '');
    const file = config(t, { dataDir, http: { port: 0 }, mqtt: { embedded: { port: 0 } }, selfUpdate: {} });
    const ended = await failure(t, ['vehicle', '--config', file]);
    assert.equal(ended.code, 1);
    assertTold(ended, /^error: ENOTDIR: .*slots/);
    assert.match(ended.told[1] ?? '', /^ +.*move it away/);
  });
});

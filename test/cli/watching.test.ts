import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { serveStatelyBridge } from '../../src/cli/stately-bridge.js';
import { createHub } from '../../src/hub.js';
import { checkHubConfig, configOf } from '../../src/hub-config.js';
import { silentLogger, systemClock, systemIds } from '../../src/runtime/index.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { until } from '../fakes/until.js';
import { runCommand } from './run-command.js';

/** A hub with an embedded broker, whose chart there is to watch. */
async function watchedHub(t: TestContext, token: readonly string[] = []) {
  const config = configOf(
    checkHubConfig({
      sets: [
        ...[`dataDir=${temporaryFolder(t)}`, 'http.port=0', 'mqtt.embedded.enabled=true', 'mqtt.embedded.port=0'],
        ...token.map((assignment) => `http.tokens.0.${assignment}`),
      ],
    }),
  );
  const deps = { clock: systemClock, ids: systemIds, logger: silentLogger(), version: 'test' };
  const hub = await createHub(config, deps);
  await hub.start((error) => assert.ifError(error));
  t.after(() => hub.stop(1_000));
  await until(() => hub.system.view('broker/embedded')?.state === 'listening', 'the broker');
  const { http = '' } = hub.urls() as { http?: string };
  return { hub, url: http };
}

/** What is inspected of a hub whose broker stops; once more where the machine was too busy for anybody to look. */
async function inspectStop(t: TestContext) {
  for (let tries = 1; ; tries++) {
    const { hub, url } = await watchedHub(t);
    const inspecting = runCommand(['inspect', '--url', url, '--watch', 'broker/*', '--duration', '2']);
    setTimeout(() => hub.system.tell('broker/embedded', { type: 'broker.stop' }), 500);
    const seen = await inspecting;
    if (tries === 10 || !seen.stdout.includes('paused: the process is overloaded')) return seen;
  }
}

test('INS-3 inspect shows an actor with its state, and what moves it', async (t) => {
  const { exitCode, stdout, stderr } = await inspectStop(t);
  assert.equal(exitCode, 0);
  assert.match(stdout, /^broker\/embedded is "listening"$/m);
  assert.match(stdout, /^broker\/embedded \S+ → "stopp(ing|ed)"$/m);
  assert.match(stderr, /charts in the browser: http:/);
});

test('INS-3 the page for the Stately inspector gets the actor with its definition, late or not', async (t) => {
  const { url } = await watchedHub(t);
  const bridge = await serveStatelyBridge();
  t.after(() => bridge.close());
  const source = new WebSocket(`${url.replace('http', 'ws')}/api/v1/inspect?watch=broker/embedded`);
  source.on('message', (data) => bridge.pass(String(data)));
  t.after(() => source.terminate());
  await once(source, 'open');
  const answer = await fetch(bridge.url);
  assert.match(answer.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  assert.match(await answer.text(), /@statelyai\.connected/);
  const page = new WebSocket(bridge.url.replace('http', 'ws'));
  t.after(() => page.terminate());
  const [data] = await once(page, 'message');
  const event = JSON.parse(String(data)) as Record<string, unknown>;
  assert.equal(event['type'], '@xstate.actor');
  assert.equal(event['name'], 'broker/embedded');
  const definition = JSON.parse(String(event['definition'])) as { states: object };
  assert.ok('listening' in definition.states);
});

test('record writes a fixture of a running actor', async (t) => {
  const { hub, url } = await watchedHub(t);
  const out = join(temporaryFolder(t), 'broker.jsonl');
  const recording = runCommand(['record', 'broker/embedded', '--url', url, '--out', out, '--duration', '2']);
  setTimeout(() => hub.system.tell('broker/embedded', { type: 'broker.stop' }), 500);
  const { exitCode, stdout, stderr } = await recording;
  assert.equal(exitCode, 0);
  assert.equal(stderr, '');
  assert.match(stdout, /replay it: fleetchart replay/);
  const kinds = readFileSync(out, 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { kind: string }).kind);
  assert.equal(kinds[0], 'restore');
  assert.ok(kinds.includes('event'));
});

test('CLI-3 a recording in which nothing happened says so, and can be replayed', async (t) => {
  const { url } = await watchedHub(t);
  const out = join(temporaryFolder(t), 'idle.jsonl');
  const recorded = await runCommand(['record', 'broker/embedded', '--url', url, '--out', out, '--duration', '0.5']);
  assert.equal(recorded.exitCode, 0);
  assert.match(recorded.stderr, /^nothing happened to broker\/embedded meanwhile: /);
  const replayed = await runCommand(['replay', out]);
  assert.equal(replayed.exitCode, 0);
});

test('CLI-3 recording what is not there says so, and leaves no empty file', async (t) => {
  const { url } = await watchedHub(t);
  const out = join(temporaryFolder(t), 'nobody.jsonl');
  const record = (address: string) => runCommand(['record', address, '--url', url, '--out', out, '--duration', '0.1']);
  const absent = await record('vehicle-connection/nobody');
  assert.equal(absent.exitCode, 1);
  assert.match(absent.stderr, /^there is no actor vehicle-connection\/nobody now; .*\nerror: nothing was recorded of /);
  assert.ok(!existsSync(out));
  const pattern = await record('vehicle-connection/*');
  assert.equal(pattern.exitCode, 2);
  assert.match(pattern.stderr, /is no address of an actor: type\/key, without patterns\n .*inspect --watch/);
});

test('CLI-3 a recording without an input to replay says that nothing was recorded', async (t) => {
  const server = createServer((_request, response) => response.end('{}'));
  const streams = new WebSocketServer({ server });
  streams.on('connection', (socket) => {
    socket.send('{"kind":"state","address":"a/k","value":"idle"}');
    socket.close(1000);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const out = join(temporaryFolder(t), 'state.jsonl');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { exitCode, stderr } = await runCommand(['record', 'a/k', '--url', url, '--out', out]);
  assert.equal(exitCode, 1);
  assert.match(stderr, /^error: nothing was recorded of a\/k\n/);
  assert.ok(!existsSync(out));
});

test('CLI-3 a hub that asks for a token, or for another one, says how to give it', async (t) => {
  const secret = 'a-token-of-more-than-16-characters';
  const { url } = await watchedHub(t, ['name=viewer', 'role=viewer', `token=${secret}`]);
  const inspect = (...args: string[]) => runCommand(['inspect', '--url', url, '--duration', '1', ...args]);
  assert.match((await inspect()).stderr, /401\n .*--token TOKEN, or FLEETCHART_TOKEN/);
  assert.match((await inspect('--token', secret)).stderr, /403\n .*whose role in http\.tokens is operator/);
});

test('CLI-3 watching what does not run says what to do', async () => {
  const { exitCode, stderr } = await runCommand(['inspect', '--url', 'http://127.0.0.1:9', '--duration', '1']);
  assert.equal(exitCode, 1);
  assert.match(stderr, /nothing listens there: start one with .*`fleetchart vehicle`/);
});

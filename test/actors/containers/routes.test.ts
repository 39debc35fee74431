import assert from 'node:assert/strict';
import { get, type IncomingMessage } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { containerAddress } from '../../../src/actors/containers/events.js';
import type { ContainerRow, ContainerUsage } from '../../../src/actors/containers/index.js';
import type { StatsSample } from '../../../src/actors/engines/index.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { Health } from '../../../src/runtime/health.js';
import { createHttpServer } from '../../../src/runtime/http/http-server.js';
import { silentLogger } from '../../../src/runtime/logging/log.js';
import { Metrics } from '../../../src/runtime/metrics.js';
import { forViewers } from '../../../src/runtime/redaction.js';
import { ContainersUnderTest, type TestOptions } from '../../fakes/containers.js';
import { until } from '../../fakes/until.js';

const DEADLINE_MS = 60_000;

async function served(t: TestContext, options: TestOptions = {}) {
  const test = await ContainersUnderTest.start(t, options);
  const server = createHttpServer({
    ...{ host: '127.0.0.1', port: 0, clock: systemClock, logger: silentLogger() },
    ...{ health: new Health(), metrics: new Metrics() },
  });
  server.routes(test.containers.routes);
  const url = await server.start();
  t.after(() => server.stop(1_000));
  const read = (path: string) => fetch(`${url}${path}`, { signal: AbortSignal.timeout(DEADLINE_MS) });
  return { test, read, url, server };
}

const sample = (cpuNs: number): StatsSample => ({
  ...{ cpuNs, memoryBytes: 1_000, inactiveFileBytes: 200, memoryLimitBytes: 5_000, pids: 2 },
  ...{ readBytes: 1, writeBytes: 2, rxBytes: 3, txBytes: 4 },
});

describe('GET /api/v1/containers', () => {
  it('shows what there is, and no secrets', async (t) => {
    const { test, read } = await served(t, { isSystem: (name) => name === 'map' });
    const id = await test.make({ env: ['TOKEN=hunter2'], ports: [{ containerPort: 80, hostPort: 8080 }] });
    const text = await (await read('/api/v1/containers')).text();
    assert.ok(!text.includes('hunter2'));
    const { containers } = JSON.parse(text) as { containers: ContainerRow[] };
    const [row] = containers;
    assert.equal(containers.length, 1);
    assert.deepEqual(row, {
      ...{ id, name: 'map', image: 'reg.example.com/veh/map:1', role: 'current', status: 'Running', error: '' },
      ...{ restartCount: 0, createdAt: '2026-01-01T00:00:00.000Z', startedAt: '2026-01-01T00:00:00.000Z' },
      ...{ finishedAt: '', exitCode: 0, ports: row?.ports, isSystem: true, actor: containerAddress(id) },
    });
    assert.match(row?.ports[0] ?? '', /8080.*80/);
    assert.match(await test.metrics.text(), /^containers\{role="current",status="running"\} 1$/m);
  });

  it('CTR-15 says when a restart policy starts it again, and nothing where none does', async (t) => {
    const { test, read } = await served(t);
    const id = await test.make({ restartPolicy: { type: 'on-failure', maxRetries: 1 } });
    const row = async (): Promise<ContainerRow | undefined> =>
      ((await (await read('/api/v1/containers')).json()) as { containers: ContainerRow[] }).containers[0];
    test.engine.exit(id, 1);
    await test.sight(id);
    const wait = test.system.view(containerAddress(id))?.waits[0];
    assert.ok(wait && wait.until !== 'never');
    const waiting = await row();
    assert.deepEqual([waiting?.status, waiting?.restartCount, waiting?.restartsAt], ['Exited', 0, wait.until.at]);
    await test.advance(1_000);
    const running = await row();
    assert.deepEqual([running?.status, running?.restartCount, running?.restartsAt], ['Running', 1, undefined]);
    test.engine.exit(id, 1);
    await test.sight(id);
    const over = await row();
    assert.equal(over?.status, 'Exited');
    assert.ok(over && !('restartsAt' in over), 'its retries are over');
  });

  it('INS-5 variables are hidden from those who look at the actor', async (t) => {
    const { test } = await served(t);
    const id = await test.make({ env: ['TOKEN=hunter2'] });
    const chart = test.system.peek(containerAddress(id));
    assert.ok(JSON.stringify(chart?.context).includes('hunter2'));
    assert.ok(!JSON.stringify(forViewers(chart?.context)).includes('hunter2'));
    const summary = [...test.system.summaries.of('container')];
    assert.ok(!JSON.stringify(summary).includes('hunter2'));
  });

  it('answers for a container that is not there', async (t) => {
    const { read } = await served(t);
    for (const what of ['logs', 'stats']) assert.equal((await read(`/api/v1/containers/x/${what}`)).status, 404);
  });
});

describe('POST /api/v1/containers/:id/…', () => {
  it('does what an operator asks, and says why not', async (t) => {
    const { test, read, url } = await served(t);
    const id = await test.make();
    const ask = (command: string) => fetch(`${url}/api/v1/containers/${id}/${command}`, { method: 'POST' });
    const status = async () =>
      ((await (await read('/api/v1/containers')).json()) as { containers: ContainerRow[] }).containers[0]?.status;
    for (const [command, result] of [
      ['pause', 'Paused'],
      ['resume', 'Running'],
      ['stop', 'Stopped'],
      ['start', 'Running'],
    ] as const) {
      assert.equal((await ask(command)).status, 204, command);
      assert.equal(await status(), result);
    }
    const refused = await ask('start');
    assert.equal(refused.status, 409);
    const { code, detail } = (await refused.json()) as { code: string; detail: string };
    assert.equal(code, 'CONTAINER_CONFLICT');
    assert.match(detail, new RegExp(id));
    assert.equal((await fetch(`${url}/api/v1/containers/x/stop`, { method: 'POST' })).status, 404);
    assert.equal((await ask('remove')).status, 404);
  });
});

describe('GET /api/v1/containers/:id/stats', () => {
  it('POD-15 the share of the CPU is that of two samples', async (t) => {
    const { test, read } = await served(t, { clock: systemClock });
    const id = await test.make({ resources: { memory: '4M' } });
    test.engine.samples = [sample(0), sample(50_000_000), sample(1_000)];
    const usage = async () => (await (await read(`/api/v1/containers/${id}/stats`)).json()) as ContainerUsage;
    const first = await usage();
    assert.ok(first.cpuPercent !== null && first.cpuPercent > 0 && first.cpuPercent <= 10, String(first.cpuPercent));
    const { cpuPercent: _, ...rest } = first;
    assert.deepEqual(rest, {
      ...{ isRunning: true, memoryBytes: 800, memoryLimitBytes: 4 * 2 ** 20, pids: 2 },
      ...{ readBytes: 1, writeBytes: 2, rxBytes: 3, txBytes: 4 },
    });
    assert.equal((await usage()).cpuPercent, null, 'counters began anew');
    test.engine.samples = [undefined];
    assert.equal((await usage()).isRunning, false);
  });
});

/** A response whose body is read by the test alone. */
function open(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false }, resolve);
    request.on('error', reject);
    request.setTimeout(DEADLINE_MS, () => request.destroy(new Error('no answer')));
  });
}

describe('GET /api/v1/containers/:id/logs', () => {
  it('the last lines, as NDJSON', async (t) => {
    const { test, read } = await served(t);
    const id = await test.make();
    test.engine.lines = [
      { stream: 'stdout', text: 'one' },
      { stream: 'stderr', text: 'two' },
      { stream: 'stdout', text: 'three "3"' },
    ];
    const answer = await read(`/api/v1/containers/${id}/logs?tail=2`);
    assert.equal(answer.headers.get('content-type'), 'application/x-ndjson');
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(await answer.text(), '{"stream":"stderr","text":"two"}\n{"stream":"stdout","text":"three \\"3\\""}\n');
  });

  it('follows until the reader is gone', async (t) => {
    const { test, url } = await served(t);
    const id = await test.make();
    const response = await open(`${url}/api/v1/containers/${id}/logs?follow=true`);
    let text = '';
    response.on('data', (chunk) => {
      text += String(chunk);
    });
    response.on('error', () => {});
    test.engine.lines.push({ stream: 'stdout', text: 'late' });
    await until(() => text.includes('late'), 'the line comes');
    response.destroy();
    await until(() => test.engine.calls.includes('logs ended'), 'the engine is not read any more');
  });

  it('a reader who is slow holds the engine back', async (t) => {
    const { test, url } = await served(t);
    const id = await test.make();
    let given = 0;
    const long = 'x'.repeat(10_000);
    test.engine.logs = async function* (_id, _options, signal) {
      for (; given < 100_000 && !signal.aborted; given++) yield { stream: 'stdout', text: long };
    };
    const response = await open(`${url}/api/v1/containers/${id}/logs?follow=true`);
    response.on('error', () => {});
    response.pause();
    let before = -1;
    for (let quiet = 0; quiet < 50; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (given !== before) quiet = 0;
      before = given;
    }
    assert.ok(given < 100_000, `${given} lines were read ahead`);
    response.destroy();
  });

  it('a stop of the server ends it', async (t) => {
    const { test, url, server } = await served(t);
    const id = await test.make();
    const response = await open(`${url}/api/v1/containers/${id}/logs?follow=true`);
    let isOver = false;
    response
      .on('error', () => {})
      .on('close', () => {
        isOver = true;
      });
    response.resume();
    await server.stop(DEADLINE_MS);
    await until(() => isOver, 'the stream ends');
  });
});

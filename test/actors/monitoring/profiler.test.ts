import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { LiveProfiler } from '../../../src/actors/monitoring/profiler/live-profiler.js';
import { ProfilerPages } from '../../../src/actors/monitoring/profiler/profiler-pages.js';
import type { PlainRequest } from '../../../src/runtime/http/plain-server.js';
import { createLogger, GcWatch, ManualClock, silentLogger, systemClock } from '../../../src/runtime/index.js';
import { eventually } from '../../fakes/ingest-hub.js';
import { temporaryFolder } from '../../fakes/runtime.js';

const request = (path: string, changes: Partial<PlainRequest> = {}): PlainRequest => {
  const url = new URL(path, 'http://localhost');
  const signal = new AbortController().signal;
  return { method: 'GET', path: url.pathname, query: url.searchParams, isCrossSite: false, signal, ...changes };
};

function pages(t: TestContext, path?: string, clock = systemClock) {
  const gc = new GcWatch(clock);
  const live = path === undefined ? undefined : new LiveProfiler({ path, clock, logger: silentLogger() });
  const profiler = new ProfilerPages({ clock, gc, live });
  t.after(async () => {
    profiler.stop();
    await live?.switch(false);
  });
  const get = async (target: string, changes: Partial<PlainRequest> = {}) => {
    const { status, body } = await profiler.answer(request(target, changes));
    return [status, String(body)] as const;
  };
  return { profiler, gc, get };
}

const jsonOf = ([, body]: readonly [number, string]) => JSON.parse(body);

describe('the profiler', () => {
  it('spec 8.2 /debug/pprof/profile is what pprof reads, or V8’s own', async (t) => {
    const { profiler, get } = pages(t);
    const { status, body } = await profiler.answer(request('/debug/pprof/profile?seconds=0.05'));
    assert.equal(status, 200);
    assert.match(gunzipSync(body).toString('latin1'), /nanoseconds/);
    const own = jsonOf(await get('/debug/pprof/profile?seconds=0.05&format=v8'));
    assert.ok(Array.isArray(own.nodes) && own.endTime > own.startTime);
  });

  it('spec 8.2 one CPU profile at a time; whoever goes away ends his', async (t) => {
    const clock = new ManualClock(1_000);
    const { profiler, get } = pages(t, undefined, clock);
    const gone = new AbortController();
    const first = profiler.answer(request('/debug/pprof/profile?seconds=300', { signal: gone.signal }));
    assert.deepEqual(await get('/debug/pprof/profile'), [
      500,
      'Could not enable CPU profiling: cpu profiling already in use\n',
    ]);
    await eventually(() => clock.pending === 1, 'the wait');
    gone.abort();
    assert.equal((await first).status, 200);
    assert.equal(clock.pending, 0);
    for (const seconds of ['0', '-1', 'x', '301']) {
      assert.equal((await get(`/debug/pprof/profile?seconds=${seconds}`))[0], 400);
    }
  });

  it('spec 8.2 /debug/pprof/heap shows what stands on the heap since the start', async (t) => {
    const { profiler, get } = pages(t);
    assert.equal((await get('/debug/pprof/heap'))[0], 503);
    await profiler.start();
    const kept = Array.from({ length: 200_000 }, (_, number) => ({ number }));
    const own = jsonOf(await get('/debug/pprof/heap?format=v8'));
    assert.equal(typeof own.head.selfSize, 'number');
    const { body } = await profiler.answer(request('/debug/pprof/heap'));
    assert.match(gunzipSync(body).toString('latin1'), /inuse_space/);
    assert.equal(kept.length, 200_000);
  });

  it('spec 8.2 what Go has and Node has not is unknown, and no page of others may ask', async (t) => {
    const { get } = pages(t);
    assert.match((await get('/debug/pprof/'))[1], /go tool pprof/);
    assert.equal((await get('/debug/pprof'))[0], 301);
    assert.deepEqual(await get('/debug/pprof/goroutine'), [404, 'Unknown profile\n']);
    assert.deepEqual(await get('/'), [404, '404 page not found\n']);
    assert.equal((await get('/gc_stats', { isCrossSite: true }))[0], 403);
  });

  it('spec 8.2 /gc_stats has the fields of the reference, the latest first', async (t) => {
    const { gc, get } = pages(t, undefined, new ManualClock(1_700_000_000_000));
    const nothing = jsonOf(await get('/gc_stats'));
    assert.deepEqual([nothing.NumGC, nothing.PauseTotal, nothing.Pause], [0, 0, []]);
    gc.paused(1);
    gc.paused(2.5);
    const { Heap, ...stats } = jsonOf(await get('/gc_stats'));
    const at = '2023-11-14T22:13:20.000Z';
    assert.deepEqual(stats, {
      LastGC: at,
      NumGC: 2,
      PauseTotal: 3_500_000,
      Pause: [2_500_000, 1_000_000],
      PauseEnd: [at, at],
      PauseQuantiles: [1_000_000, 1_000_000, 1_000_000, 1_000_000, 2_500_000],
    });
    assert.equal(typeof Heap.used_heap_size, 'number');
  });

  it('spec 8.2 /live_profiler answers as the reference does, and does write its file', async (t) => {
    const file = join(temporaryFolder(t), 'deep', 'live.cpuprofile');
    const { get } = pages(t, file);
    assert.deepEqual(await get('/live_profiler'), [400, '{"error":"mode not specified"}']);
    assert.equal((await get('/live_profiler?mode=off'))[0], 304);
    assert.deepEqual(await get('/live_profiler?mode=on'), [200, '{"result":"mode on"}']);
    assert.equal((await get('/live_profiler?mode=on'))[0], 304);
    assert.deepEqual(await get('/live_profiler?mode=off'), [200, '{"result":"mode off"}']);
    assert.ok(Array.isArray(JSON.parse(readFileSync(file, 'utf8')).nodes));
  });

  it('spec 8.2 without profiling_path /live_profiler is off; a folder gets a file each time', async (t) => {
    assert.deepEqual(await pages(t).get('/live_profiler?mode=on'), [405, '{"error":"profiler not configured"}']);
    const folder = `${temporaryFolder(t)}/profiles/`;
    const { get } = pages(t, folder, new ManualClock(1_700_000_000_000));
    await get('/live_profiler?mode=on');
    await get('/live_profiler?mode=off');
    assert.deepEqual(readdirSync(folder), ['fleetchart-2023-11-14T22-13-20.000Z.cpuprofile']);
  });

  it('a live profile that cannot be written is refused before it begins, and a stop does not fail over it', async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, 'a file'), '');
    const path = join(folder, 'a file', 'live.cpuprofile');
    await assert.rejects(pages(t, path).get('/live_profiler?mode=on'), /EEXIST|ENOTDIR/);
    const log: unknown[] = [];
    const logger = createLogger({ level: 'info', destination: { write: (line) => log.push(JSON.parse(line)) } });
    mkdirSync(join(folder, 'p'));
    const live = new LiveProfiler({ path: join(folder, 'p'), clock: systemClock, logger });
    await live.switch(true);
    await live.stop();
    assert.match(JSON.stringify(log), /profile_not_written/);
  });

  it('a live profile ends by itself, and is written then', async (t) => {
    const folder = temporaryFolder(t);
    const clock = new ManualClock(1_000);
    const { get } = pages(t, join(folder, 'p.cpuprofile'), clock);
    await get('/live_profiler?mode=on');
    await clock.advance(15 * 60_000);
    await eventually(() => readdirSync(folder).includes('p.cpuprofile'), 'the file');
    assert.equal((await get('/live_profiler?mode=off'))[0], 304);
  });
});

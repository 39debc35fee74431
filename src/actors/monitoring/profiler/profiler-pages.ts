import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { cpuProfile, heapProfile } from '../../../protocols/pprof/index.js';
import type { PlainAnswer, PlainRequest } from '../../../runtime/http/plain-server.js';
import type { Clock, GcWatch } from '../../../runtime/index.js';
import { gcStats } from './gc-stats.js';
import { CpuProfiling, HeapSampling } from './inspector-session.js';
import type { LiveProfiler } from './live-profiler.js';

const compressed = promisify(gzip);
/** As in Go, where nobody says how long. */
const DEFAULT_S = 30;
const LONGEST_S = 300;
/** Fine enough for single calls; costs some percent of the main thread while it lasts. */
const CPU_INTERVAL_US = 1_000;
/** As Go's: one sample for so many bytes. */
const HEAP_INTERVAL_BYTES = 512 * 1024;

const INDEX = `Profiles of this process. The main thread only.

/debug/pprof/profile?seconds=30   where time goes, for: go tool pprof URL
/debug/pprof/heap                 what stands on the heap since the profiler started
  &format=v8                      the same as a .cpuprofile or .heapprofile, for Chrome's DevTools or VS Code
/gc_stats                         garbage collections
/live_profiler?mode=on|off        a .cpuprofile into monitoring.profiling_path

There is nothing here of goroutine, block, mutex, threadcreate, trace and symbol, which are Go's.
`;

export interface ProfilerPagesDeps {
  readonly clock: Clock;
  readonly gc: GcWatch;
  /** Absent where no `profiling_path` is configured. */
  readonly live: LiveProfiler | undefined;
}

/** What the profiler's port answers (section 8.2). */
export class ProfilerPages {
  private heap: HeapSampling | undefined;
  private isProfiling = false;

  constructor(private readonly deps: ProfilerPagesDeps) {}

  /** Only one in a process can take samples of the heap; whoever comes later has none. */
  async start(): Promise<void> {
    this.heap ??= await HeapSampling.start(HEAP_INTERVAL_BYTES).catch(() => undefined);
  }

  stop(): void {
    this.heap?.stop();
    this.heap = undefined;
  }

  readonly answer = async (request: PlainRequest): Promise<PlainAnswer> => {
    // A page that somebody opens beside it must not start anything here.
    if (request.isCrossSite) return { status: 403, body: 'not for other pages\n' };
    switch (request.path) {
      case '/debug/pprof/':
        return { status: 200, body: INDEX };
      case '/debug/pprof':
        return { status: 301, headers: { location: '/debug/pprof/' }, body: '' };
      case '/debug/pprof/profile':
        return this.cpu(request);
      case '/debug/pprof/heap':
        return this.heapNow(request);
      case '/gc_stats':
        return json(200, gcStats(this.deps.gc));
      case '/live_profiler':
        return this.live(request.query.get('mode') ?? '');
      default:
        return request.path.startsWith('/debug/pprof/')
          ? { status: 404, body: 'Unknown profile\n' }
          : { status: 404, body: '404 page not found\n' };
    }
  };

  private async cpu({ query, signal }: PlainRequest): Promise<PlainAnswer> {
    const seconds = Number(query.get('seconds') ?? DEFAULT_S);
    if (!Number.isFinite(seconds) || seconds <= 0 || seconds > LONGEST_S) {
      return { status: 400, body: `seconds: expected more than 0 and at most ${LONGEST_S}\n` };
    }
    if (this.isProfiling) {
      return { status: 500, body: 'Could not enable CPU profiling: cpu profiling already in use\n' };
    }
    this.isProfiling = true;
    try {
      const { clock } = this.deps;
      const profiling = await CpuProfiling.start(clock.now(), CPU_INTERVAL_US);
      await new Promise<void>((resolve) => {
        const timer = clock.setTimeout(resolve, seconds * 1_000);
        const gone = (): void => {
          clock.clearTimeout(timer);
          resolve();
        };
        if (signal.aborted) gone();
        else signal.addEventListener('abort', gone, { once: true });
      });
      const profile = await profiling.stop();
      if (query.get('format') === 'v8') return download(profile, 'fleetchart.cpuprofile');
      const { startedAtMs, intervalUs } = profiling;
      return await pprof(cpuProfile(profile, { startedAtMs, intervalUs }), 'profile');
    } finally {
      this.isProfiling = false;
    }
  }

  private async heapNow({ query }: PlainRequest): Promise<PlainAnswer> {
    if (!this.heap) return { status: 503, body: 'the heap is being sampled by another profiler\n' };
    const profile = await this.heap.profile();
    if (query.get('format') === 'v8') return download(profile, 'fleetchart.heapprofile');
    const { intervalBytes } = this.heap;
    return pprof(heapProfile(profile, { atMs: this.deps.clock.now(), intervalBytes }), 'heap');
  }

  /** In the reference's words; what is neither on nor off counts as off there. */
  private async live(mode: string): Promise<PlainAnswer> {
    const { live } = this.deps;
    if (!live) return json(405, { error: 'profiler not configured' });
    if (mode === '') return json(400, { error: 'mode not specified' });
    if (!(await live.switch(mode === 'on'))) return json(304, {});
    return json(200, { result: `mode ${mode}` });
  }
}

const json = (status: number, value: object): PlainAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

const download = (value: object, name: string): PlainAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/json', 'content-disposition': `attachment; filename="${name}"` },
  body: JSON.stringify(value),
});

async function pprof(bytes: Uint8Array, name: string): Promise<PlainAnswer> {
  return {
    status: 200,
    headers: { 'content-type': 'application/octet-stream', 'content-disposition': `attachment; filename="${name}"` },
    body: await compressed(bytes),
  };
}

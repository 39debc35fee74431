import { Session } from 'node:inspector';
import type { V8CpuProfile, V8HeapProfile } from '../../../protocols/pprof/index.js';

/** A profile of the main thread while it is being taken. */
export class CpuProfiling {
  private readonly session: Session;

  private constructor(
    readonly startedAtMs: number,
    readonly intervalUs: number,
  ) {
    this.session = new Session();
    this.session.connect();
  }

  static async start(startedAtMs: number, intervalUs: number): Promise<CpuProfiling> {
    const profiling = new CpuProfiling(startedAtMs, intervalUs);
    await profiling.post('Profiler.enable');
    await profiling.post('Profiler.setSamplingInterval', { interval: intervalUs });
    await profiling.post('Profiler.start');
    return profiling;
  }

  /** Ends it; once only. */
  async stop(): Promise<V8CpuProfile> {
    try {
      return (await this.post<{ profile: V8CpuProfile }>('Profiler.stop')).profile;
    } finally {
      this.session.disconnect();
    }
  }

  private post<T>(method: string, parameters: object = {}): Promise<T> {
    return post<T>(this.session, method, parameters);
  }
}

/** Keeps samples of what is allocated, from its start on, and says what of it is still there. */
export class HeapSampling {
  private readonly session = new Session();

  private constructor(readonly intervalBytes: number) {
    this.session.connect();
  }

  static async start(intervalBytes: number): Promise<HeapSampling> {
    const sampling = new HeapSampling(intervalBytes);
    await post(sampling.session, 'HeapProfiler.startSampling', { samplingInterval: intervalBytes });
    return sampling;
  }

  async profile(): Promise<V8HeapProfile> {
    return (await post<{ profile: V8HeapProfile }>(this.session, 'HeapProfiler.getSamplingProfile')).profile;
  }

  stop(): void {
    this.session.disconnect();
  }
}

function post<T>(session: Session, method: string, parameters: object = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    session.post(method, parameters, (error, result) => {
      if (error) reject(error);
      else resolve(result as T);
    });
  });
}

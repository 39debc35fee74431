import { createHash } from 'node:crypto';
import { cpus, totalmem } from 'node:os';
import { imageParts } from '../../../protocols/containers/index.js';
import { type Clock, pause } from '../../../runtime/index.js';
import type {
  ContainerSpec,
  Engine,
  EngineContainer,
  EngineEvent,
  EngineImage,
  EngineInfo,
  Limits,
  LogLine,
  PullRequest,
  StatsSample,
} from '../engine.js';
import { EngineError } from '../errors.js';
import { EventFeed } from '../event-feed.js';
import { type SimulatedContainer, SimulatedState } from './simulated-state.js';

export interface SimulatedEngineOptions {
  /** Where its state is kept, mode 0600: it survives restarts, as that of an engine does. */
  readonly file: string;
  readonly clock: Clock;
  /** What a pull, a create, a start and a stop take, milliseconds. @default 0 */
  readonly delayMs?: number;
}

const CRASH_MS = 1_000;
const CRASH_CODE = 3;
const KILLED_CODE = 137;
const TERMINATED_CODE = 143;
const LINES_KEPT = 1_000;
const IMAGE_BYTES = 8 * 1024 * 1024;
/** Of one core. */
const CPU_SHARE = 0.02;
const MEMORY_BYTES = 16 * 1024 * 1024;
const FOLLOW_MS = 100;

/**
 * Containers that are kept as records and run nothing (ENG-7): for trying out updates without an engine. The beginning of
 * an image's tag says what goes wrong with it: `missing` and `unauthorized` in the pull, `bad` at the start, and `crash`
 * exits with 3 a second later.
 */
export function createSimulatedEngine(options: SimulatedEngineOptions): Engine {
  return new SimulatedEngine(options);
}

class SimulatedEngine implements Engine {
  readonly kind = 'simulated';
  private readonly state: SimulatedState;
  private readonly feed = new EventFeed();

  constructor(private readonly options: SimulatedEngineOptions) {
    this.state = new SimulatedState(options.file, (container) => this.expectCrash(container));
  }

  async info(signal: AbortSignal): Promise<EngineInfo> {
    signal.throwIfAborted();
    await this.state.loaded();
    return { name: 'simulated', version: '1', memoryBytes: totalmem(), cpus: cpus().length || 1 };
  }

  async image(reference: string, signal: AbortSignal): Promise<EngineImage | undefined> {
    signal.throwIfAborted();
    return (await this.state.loaded()).images.includes(reference) ? imageOf(reference) : undefined;
  }

  async images(signal: AbortSignal): Promise<readonly EngineImage[]> {
    signal.throwIfAborted();
    return (await this.state.loaded()).images.map(imageOf);
  }

  async pull({ image }: PullRequest, onProgress: (percent: number) => void, signal: AbortSignal): Promise<EngineImage> {
    signal.throwIfAborted();
    onProgress(0);
    await this.takeTime(signal);
    const { tag = '' } = imageParts(image);
    if (tag.startsWith('missing')) throw new EngineError('ENGINE_NOT_FOUND', `${image}: manifest unknown`);
    if (tag.startsWith('unauthorized')) {
      throw new EngineError('ENGINE_UNAUTHORIZED', `${image}: unauthorized: authentication required`);
    }
    await this.state.change(({ images }) => {
      if (!images.includes(image)) images.push(image);
    });
    return imageOf(image);
  }

  async removeImage(reference: string, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    return this.state.change((state) => {
      if (state.containers.some(({ spec }) => spec.image === reference)) return false;
      state.images = state.images.filter((image) => image !== reference);
      return true;
    });
  }

  async create(spec: ContainerSpec, signal: AbortSignal): Promise<void> {
    await this.takeTime(signal);
    const isNew = await this.state.change(({ images, containers }) => {
      if (containers.some(({ id }) => id === spec.id)) return false;
      if (!images.includes(spec.image)) throw new EngineError('ENGINE_NOT_FOUND', `${spec.image}: no such image`);
      if (containers.some(({ name }) => name === spec.name)) throw nameTaken(spec.name);
      containers.push({
        id: spec.id,
        name: spec.name,
        spec,
        limits: spec.limits,
        status: 'created',
        exitCode: 0,
        createdMs: this.options.clock.now(),
        startedMs: 0,
        finishedMs: 0,
        log: [],
      });
      return true;
    });
    if (isNew) this.tell(spec.id, spec.owner, 'created');
  }

  async start(id: string, signal: AbortSignal): Promise<void> {
    await this.takeTime(signal);
    const started = await this.change(id, (container) => {
      if (container.status === 'running' || container.status === 'paused') return undefined;
      if (imageParts(container.spec.image).tag?.startsWith('bad')) {
        throw new EngineError('ENGINE_REFUSED', `exec: "${container.spec.cmd[0] ?? 'bad'}": executable file not found`);
      }
      container.status = 'running';
      container.startedMs = this.options.clock.now();
      container.log = [...container.log, 'started'].slice(-LINES_KEPT);
      return container;
    });
    if (!started) return;
    this.tell(id, started.spec.owner, 'started');
    this.expectCrash(started);
  }

  async stop(id: string, _timeoutS: number, signal: AbortSignal): Promise<void> {
    await this.takeTime(signal);
    await this.end(id, TERMINATED_CODE);
  }

  async kill(id: string, name: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (name === 'SIGKILL') await this.end(id, KILLED_CODE);
    else if (name === 'SIGTERM' || name === 'SIGINT') await this.end(id, TERMINATED_CODE);
    else await this.change(id, () => {});
  }

  async pause(id: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const paused = await this.change(id, (container) => {
      if (container.status === 'paused') return undefined;
      if (container.status !== 'running') throw notRunning(container.name);
      container.status = 'paused';
      return container;
    });
    if (paused) this.tell(id, paused.spec.owner, 'paused');
  }

  async resume(id: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const resumed = await this.change(id, (container) => {
      if (container.status === 'running') return undefined;
      if (container.status !== 'paused') throw notRunning(container.name);
      container.status = 'running';
      return container;
    });
    if (resumed) this.tell(id, resumed.spec.owner, 'resumed');
  }

  async rename(id: string, name: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const renamed = await this.change(id, (container, others) => {
      if (container.name === name) return undefined;
      if (others.some((other) => other.name === name)) throw nameTaken(name);
      container.name = name;
      return container;
    });
    if (renamed) this.tell(id, renamed.spec.owner, 'renamed');
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const removed = await this.state.change((state) => {
      const found = state.containers.find((container) => container.id === id);
      state.containers = state.containers.filter((container) => container !== found);
      return found;
    });
    if (removed) this.tell(id, removed.spec.owner, 'removed');
  }

  async updateLimits(id: string, limits: Limits, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.change(id, (container) => {
      container.limits = limits;
    });
  }

  async inspect(id: string, signal: AbortSignal): Promise<EngineContainer | undefined> {
    signal.throwIfAborted();
    const found = await this.state.find(id);
    return found && shown(found);
  }

  async list(owner: string | undefined, signal: AbortSignal): Promise<readonly EngineContainer[]> {
    signal.throwIfAborted();
    const { containers } = await this.state.loaded();
    return containers.filter(({ spec }) => owner === undefined || spec.owner === owner).map(shown);
  }

  async isNameTaken(name: string, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    return (await this.state.loaded()).containers.some((container) => container.name === name);
  }

  async stats(id: string, signal: AbortSignal): Promise<StatsSample | undefined> {
    signal.throwIfAborted();
    const found = await this.state.find(id);
    if (found?.status !== 'running' && found?.status !== 'paused') return undefined;
    const elapsedNs = Math.max(0, this.options.clock.now() - found.startedMs) * 1e6;
    return {
      cpuNs: Math.round(elapsedNs * CPU_SHARE),
      hostCpuNs: elapsedNs * (cpus().length || 1),
      memoryBytes: MEMORY_BYTES,
      inactiveFileBytes: 0,
      memoryLimitBytes: found.limits.memory ?? totalmem(),
      readBytes: 0,
      writeBytes: 0,
      rxBytes: 0,
      txBytes: 0,
      pids: 1,
    };
  }

  async *logs(
    id: string,
    { tail, follow }: { readonly tail: number; readonly follow: boolean },
    signal: AbortSignal,
  ): AsyncIterable<LogLine> {
    const before = await this.state.find(id);
    const lines = before?.log ?? [];
    for (const text of tail > 0 ? lines.slice(-tail) : []) yield { stream: 'stdout', text };
    let seen = lines.length;
    while (follow && !signal.aborted) {
      await pause(this.options.clock, FOLLOW_MS, signal).catch(() => {});
      const found = await this.state.find(id);
      if (!found) return;
      for (const text of found.log.slice(seen)) yield { stream: 'stdout', text };
      seen = found.log.length;
    }
  }

  events(onEvent: (event: EngineEvent) => void, onReady: () => void, signal: AbortSignal): Promise<void> {
    return this.feed.watch(onEvent, onReady, signal);
  }

  async bridgeGateway(): Promise<string | undefined> {
    return undefined;
  }

  private async takeTime(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { clock, delayMs = 0 } = this.options;
    if (delayMs > 0) await pause(clock, delayMs, signal);
  }

  private change<T>(
    id: string,
    how: (container: SimulatedContainer, all: readonly SimulatedContainer[]) => T,
  ): Promise<T> {
    return this.state.change(({ containers }) => {
      const found = containers.find((container) => container.id === id);
      if (!found) throw new EngineError('ENGINE_NOT_FOUND', `no container ${id}`);
      return how(found, containers);
    });
  }

  private async end(id: string, exitCode: number, startedMs?: number): Promise<void> {
    const ended = await this.change(id, (container) => {
      if (container.status !== 'running' && container.status !== 'paused') return undefined;
      if (startedMs !== undefined && container.startedMs !== startedMs) return undefined;
      container.status = 'exited';
      container.exitCode = exitCode;
      container.finishedMs = this.options.clock.now();
      return container;
    });
    if (ended) this.feed.tell({ id, owner: ended.spec.owner, change: 'died', exitCode });
  }

  /** After a restart, too: a second from its start, or at once. */
  private expectCrash({ id, spec, status, startedMs }: SimulatedContainer): void {
    if (status !== 'running' || !imageParts(spec.image).tag?.startsWith('crash')) return;
    const { clock } = this.options;
    const dueMs = Math.min(CRASH_MS, startedMs + CRASH_MS - clock.now());
    clock.setTimeout(() => void this.end(id, CRASH_CODE, startedMs).catch(() => {}), dueMs);
  }

  private tell(id: string, owner: string, change: EngineEvent['change']): void {
    this.feed.tell({ id, owner, change });
  }
}

const nameTaken = (name: string): EngineError =>
  new EngineError('ENGINE_CONFLICT', `the container name ${name} is already in use`);

const notRunning = (name: string): EngineError =>
  new EngineError('ENGINE_CONFLICT', `container ${name} is not running`);

function imageOf(reference: string): EngineImage {
  const hex = createHash('sha256').update(reference).digest('hex');
  const { name, digest = `sha256:${hex}` } = imageParts(reference);
  return {
    id: `sha256:${hex}`,
    tags: [reference],
    digests: [`${name}@${digest}`],
    sizeBytes: IMAGE_BYTES,
  };
}

function shown({ id, name, spec, status, exitCode, ...times }: SimulatedContainer): EngineContainer {
  return {
    id,
    owner: spec.owner,
    activity: spec.activity,
    name,
    image: spec.image,
    status,
    pid: -1,
    exitCode,
    oomKilled: false,
    startedAt: textOf(times.startedMs),
    finishedAt: textOf(times.finishedMs),
    createdAt: textOf(times.createdMs),
    ipAddress: '',
  };
}

const textOf = (ms: number): string => (ms === 0 ? '' : new Date(ms).toISOString());

/**
 * podman or Docker on a Unix socket (ENG-5).
 *
 * A1. What differs between the two engines is decided here and shows in no answer.
 * A2. A call that fails because it is so already is a call that worked.
 */
import type { Clock } from '../../../runtime/index.js';
import type {
  ContainerSpec,
  Engine,
  EngineContainer,
  EngineEvent,
  EngineImage,
  EngineInfo,
  EngineStatus,
  Limits,
  LogLine,
  PullRequest,
  StatsSample,
} from '../engine.js';
import { EngineError } from '../errors.js';
import { createBody, dockerLimits, podmanLimits } from './create-body.js';
import { eventOf } from './event-of.js';
import { callFailure } from './failures.js';
import { ImageCalls } from './image-calls.js';
import { jsonLines } from './json-lines.js';
import { LogFrames } from './log-frames.js';
import { isNotFound, OurContainers } from './our-containers.js';
import { CALL_MS, EngineSocket } from './socket.js';
import { statsSample } from './stats-sample.js';

/** What the stop of a container may take past its own time (ENG-4), milliseconds. */
const STOP_GRACE_MS = 10_000;
/** Events of the time before are told again rather than missed, seconds. */
const EVENTS_BEFORE_S = 2;

export interface ApiEngineOptions {
  /** Path of the Unix socket. */
  readonly socketPath: string;
  readonly clock: Clock;
  /** For one image (ENG-4), milliseconds. @default 1800000 */
  readonly pullMs?: number;
}

const isAlive = (status: EngineStatus | undefined): boolean => status === 'running' || status === 'paused';

export class ApiEngine implements Engine {
  readonly kind = 'engine-api';
  private readonly socket: EngineSocket;
  private readonly imageCalls: ImageCalls;
  private readonly ours: OurContainers;
  private podman: boolean | undefined;

  constructor(private readonly options: ApiEngineOptions) {
    const { socketPath, clock, pullMs = 30 * 60_000 } = options;
    this.socket = new EngineSocket(socketPath, clock);
    this.ours = new OurContainers(this.socket);
    const isPodman = (signal: AbortSignal): Promise<boolean> => this.isPodman(signal);
    this.imageCalls = new ImageCalls({ socket: this.socket, clock, pullMs, isPodman });
  }

  async info(signal: AbortSignal): Promise<EngineInfo> {
    const version = await this.version(signal);
    const info = (await this.get('/info', signal)) as { readonly MemTotal?: number; readonly NCPU?: number };
    return { ...version, memoryBytes: info.MemTotal ?? 0, cpus: info.NCPU ?? 0 };
  }

  image(reference: string, signal: AbortSignal): Promise<EngineImage | undefined> {
    return this.imageCalls.find(reference, signal);
  }

  images(signal: AbortSignal): Promise<readonly EngineImage[]> {
    return this.imageCalls.list(signal);
  }

  pull(request: PullRequest, onProgress: (percent: number) => void, signal: AbortSignal): Promise<EngineImage> {
    return this.imageCalls.pull(request, onProgress, signal);
  }

  removeImage(reference: string, signal: AbortSignal): Promise<boolean> {
    return this.imageCalls.remove(reference, signal);
  }

  async create(spec: ContainerSpec, signal: AbortSignal): Promise<void> {
    const found = await this.inspect(spec.id, signal);
    if (found && found.owner !== spec.owner) {
      throw new EngineError('ENGINE_CONFLICT', `the container ${spec.id} belongs to ${found.owner}`);
    }
    if (found) return;
    const query = { name: spec.name };
    const made = await this.socket.json(
      { method: 'POST', path: '/containers/create', query, body: createBody(spec) },
      signal,
    );
    const { Id } = made as { readonly Id?: string };
    if (Id) this.ours.know(spec.id, Id);
  }

  async start(id: string, signal: AbortSignal): Promise<void> {
    await this.post(id, 'start', {}, signal);
  }

  async stop(id: string, timeoutS: number, signal: AbortSignal): Promise<void> {
    const { status } = await this.ours.find(id, signal);
    if (!isAlive(status)) return;
    // Podman refuses it else (POD-31).
    if (status === 'paused') await this.resume(id, signal);
    await this.post(id, 'stop', { t: Math.max(0, Math.round(timeoutS)) }, signal, timeoutS * 1_000 + STOP_GRACE_MS);
  }

  async kill(id: string, name: string, signal: AbortSignal): Promise<void> {
    const { status } = await this.ours.find(id, signal);
    if (!isAlive(status)) return;
    await this.unless(
      (now) => !isAlive(now),
      id,
      signal,
      () => this.post(id, 'kill', { signal: name }, signal),
    );
  }

  async pause(id: string, signal: AbortSignal): Promise<void> {
    await this.unless(
      (now) => now === 'paused',
      id,
      signal,
      () => this.post(id, 'pause', {}, signal),
    );
  }

  async resume(id: string, signal: AbortSignal): Promise<void> {
    await this.unless(
      (now) => now === 'running',
      id,
      signal,
      () => this.post(id, 'unpause', {}, signal),
    );
  }

  async rename(id: string, name: string, signal: AbortSignal): Promise<void> {
    if ((await this.ours.find(id, signal)).name === name) return;
    await this.post(id, 'rename', { name }, signal);
  }

  async remove(id: string, signal: AbortSignal): Promise<void> {
    try {
      await this.ours.call(id, signal, (engineId) =>
        this.socket.json(
          { method: 'DELETE', path: `/containers/${engineId}`, query: { force: true, v: true } },
          signal,
        ),
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    this.ours.forget(id);
  }

  /** Podman takes them only while it runs, and forgets them at the next start (POD-4). */
  async updateLimits(id: string, limits: Limits, signal: AbortSignal): Promise<void> {
    const isPodman = await this.isPodman(signal);
    const { status } = await this.ours.find(id, signal);
    if (isPodman && !isAlive(status)) return;
    await this.ours.call(id, signal, async (engineId) => {
      const [folder, body] = isPodman
        ? ['/v4.3.0/libpod/containers', podmanLimits(limits)]
        : ['/containers', dockerLimits(limits, (await this.ours.inspection(engineId, signal)).HostConfig ?? {})];
      return this.socket.json({ method: 'POST', path: `${folder}/${engineId}/update`, body }, signal);
    });
  }

  async inspect(id: string, signal: AbortSignal): Promise<EngineContainer | undefined> {
    try {
      return await this.ours.find(id, signal);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  list(owner: string | undefined, signal: AbortSignal): Promise<readonly EngineContainer[]> {
    return this.ours.list(owner, signal);
  }

  isNameTaken(name: string, signal: AbortSignal): Promise<boolean> {
    return this.ours.isNameTaken(name, signal);
  }

  async stats(id: string, signal: AbortSignal): Promise<StatsSample | undefined> {
    const found = await this.inspect(id, signal);
    if (!isAlive(found?.status)) return undefined;
    try {
      const query = { stream: false, 'one-shot': true };
      return statsSample(
        await this.ours.call(id, signal, (engineId) =>
          this.socket.json({ method: 'GET', path: `/containers/${engineId}/stats`, query }, signal),
        ),
      );
    } catch (error) {
      const now = await this.inspect(id, signal);
      if (!isAlive(now?.status)) return undefined;
      throw error;
    }
  }

  async *logs(
    id: string,
    { tail, follow }: { readonly tail: number; readonly follow: boolean },
    signal: AbortSignal,
  ): AsyncGenerator<LogLine> {
    if (tail === 0 && !follow) return;
    const ended = new AbortController();
    const end = (): void => ended.abort(signal.reason);
    signal.addEventListener('abort', end, { once: true });
    const late = new EngineError('ENGINE_TIMEOUT', `the log did not end within ${CALL_MS / 1_000} s`);
    const timer = follow ? undefined : this.options.clock.setTimeout(() => ended.abort(late), CALL_MS);
    try {
      if (signal.aborted) return;
      yield* this.logLines(id, { tail, follow }, ended.signal);
    } catch (error) {
      if (ended.signal.reason === late) throw late;
      if (!signal.aborted) throw callFailure(error);
    } finally {
      this.options.clock.clearTimeout(timer);
      signal.removeEventListener('abort', end);
    }
  }

  async events(onEvent: (event: EngineEvent) => void, onReady: () => void, signal: AbortSignal): Promise<void> {
    const since = Math.floor(this.options.clock.now() / 1_000) - EVENTS_BEFORE_S;
    const query = { since, filters: JSON.stringify({ type: ['container'] }) };
    try {
      const stream = await this.socket.stream({ method: 'GET', path: '/events', query }, signal);
      onReady();
      for await (const item of jsonLines(stream)) {
        const event = eventOf(item);
        if (event) onEvent(event);
      }
    } catch (error) {
      if (signal.aborted) return;
      throw callFailure(error);
    }
    // Its end is the engine's (POD-28).
    if (signal.aborted) return;
    throw new EngineError('ENGINE_UNAVAILABLE', 'the container engine ended its events', { retryable: true });
  }

  async bridgeGateway(signal: AbortSignal): Promise<string | undefined> {
    try {
      const network = (await this.get('/networks/bridge', signal)) as {
        readonly IPAM?: { readonly Config?: ReadonlyArray<{ readonly Gateway?: string }> | null };
      };
      return network.IPAM?.Config?.map(({ Gateway }) => Gateway).find((gateway) => gateway?.includes('.'));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  private async *logLines(
    id: string,
    { tail, follow }: { readonly tail: number; readonly follow: boolean },
    signal: AbortSignal,
  ): AsyncGenerator<LogLine> {
    const { Config } = await this.ours.call(id, signal, (engineId) => this.ours.inspection(engineId, signal));
    const stream = await this.ours.call(id, signal, (engineId) =>
      this.socket.stream(
        { method: 'GET', path: `/containers/${engineId}/logs`, query: { stdout: true, stderr: true, tail, follow } },
        signal,
      ),
    );
    const frames = new LogFrames(Config?.Tty ?? false);
    try {
      for await (const chunk of stream) yield* frames.push(chunk as Buffer);
      yield* frames.end();
    } finally {
      stream.destroy();
    }
  }

  private async version(signal: AbortSignal): Promise<{ readonly name: string; readonly version: string }> {
    const { Version, Components } = (await this.get('/version', signal)) as {
      readonly Version?: string;
      readonly Components?: ReadonlyArray<{ readonly Name?: string }> | null;
    };
    const name = Components?.[0]?.Name ?? '';
    this.podman = /podman/i.test(name);
    return { name: name === '' || name === 'Engine' ? 'Docker Engine' : name, version: Version ?? '' };
  }

  private async isPodman(signal: AbortSignal): Promise<boolean> {
    if (this.podman === undefined) await this.version(signal);
    return this.podman ?? false;
  }

  private get(path: string, signal: AbortSignal): Promise<unknown> {
    return this.socket.json({ method: 'GET', path }, signal);
  }

  private post(
    id: string,
    call: string,
    query: Readonly<Record<string, string | number>>,
    signal: AbortSignal,
    timeoutMs = CALL_MS,
  ): Promise<unknown> {
    return this.ours.call(id, signal, (engineId) =>
      this.socket.json({ method: 'POST', path: `/containers/${engineId}/${call}`, query, timeoutMs }, signal),
    );
  }

  /** A failure counts only if it is not so already (A2). */
  private async unless(
    isSo: (status: EngineStatus | undefined) => boolean,
    id: string,
    signal: AbortSignal,
    call: () => Promise<unknown>,
  ): Promise<void> {
    try {
      await call();
    } catch (error) {
      if (isNotFound(error) || !isSo((await this.inspect(id, signal))?.status)) throw error;
    }
  }
}

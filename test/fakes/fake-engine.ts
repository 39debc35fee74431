import type {
  ContainerSpec,
  Engine,
  EngineContainer,
  EngineImage,
  EngineInfo,
  EngineKind,
  Limits,
  LogLine,
  StatsSample,
} from '../../src/actors/engines/index.js';
import { EngineError } from '../../src/actors/engines/index.js';

interface Held {
  readonly release: () => void;
}

/** A container as the fake keeps it. */
export interface FakeContainer {
  spec: ContainerSpec;
  name: string;
  seen: EngineContainer;
  limits: Limits;
}

const NEVER = { pid: -1, exitCode: 0, oomKilled: false, startedAt: '', finishedAt: '', ipAddress: '' };

/**
 * An engine in memory that does what a test says. It outlives the process under test, and so can be given to the next
 * one. Calls are noted as `start <id>`; each may be held, and fail once or until it is told otherwise.
 */
export class FakeEngine implements Engine {
  kind: EngineKind = 'engine-api';
  readonly containers = new Map<string, FakeContainer>();
  readonly calls: string[] = [];
  /** Names of containers that nobody here manages. */
  readonly foreign = new Set<string>();
  gateway: string | undefined = '10.88.0.1';
  samples: (StatsSample | undefined)[] = [];
  /** Signals that processes do not heed. */
  readonly deaf = new Set<string>();
  lines: LogLine[] = [];
  /** A start brings back the limits that a container was made with, as in podman (POD-4). */
  isForgetful = true;
  readonly failures = new Map<string, Error>();
  private readonly held = new Map<string, Held[]>();
  private pids = 100;

  /** `now`: epoch milliseconds. */
  constructor(private readonly now: () => number) {}

  /** The next call of this name waits for `release`. */
  hold(name: string): void {
    this.held.set(name, []);
  }

  release(name: string): void {
    const waiting = this.held.get(name) ?? [];
    this.held.delete(name);
    for (const { release } of waiting) release();
  }

  /** Calls of this name fail until `fail(name, undefined)`; a text alone is what an engine refuses with. */
  fail(name: string, error: Error | string | undefined): void {
    if (error === undefined) this.failures.delete(name);
    else this.failures.set(name, typeof error === 'string' ? new EngineError('ENGINE_REFUSED', error) : error);
  }

  /** Its process ends by itself. */
  exit(id: string, exitCode: number, oomKilled = false): void {
    this.change(id, { status: 'exited', pid: -1, exitCode, oomKilled, finishedAt: this.time() });
  }

  change(id: string, change: Partial<EngineContainer>): void {
    const found = this.at(id);
    found.seen = { ...found.seen, ...change };
  }

  seen(id: string): EngineContainer {
    const { seen, name } = this.at(id);
    return { ...seen, name };
  }

  at(id: string): FakeContainer {
    const found = this.containers.get(id);
    if (!found) throw new EngineError('ENGINE_NOT_FOUND', `no container with id ${id}`);
    return found;
  }

  /** How often a call was made. */
  count(name: string): number {
    return this.calls.filter((call) => call === name || call.startsWith(`${name} `)).length;
  }

  async info(): Promise<EngineInfo> {
    await this.called('info');
    return { name: 'Fake Engine', version: '1', memoryBytes: 2 ** 30, cpus: 2 };
  }

  image(): Promise<EngineImage | undefined> {
    return Promise.resolve(undefined);
  }

  images(): Promise<readonly EngineImage[]> {
    return Promise.resolve([]);
  }

  pull(): Promise<EngineImage> {
    return Promise.reject(new EngineError('ENGINE_REFUSED', 'images come from elsewhere'));
  }

  removeImage(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async create(spec: ContainerSpec): Promise<void> {
    await this.called('create', spec.id);
    if (this.containers.has(spec.id)) return;
    if (await this.isNameTaken(spec.name)) throw new EngineError('ENGINE_CONFLICT', 'that name is already in use');
    const { id, owner, activity, name, image, limits } = spec;
    const seen = { ...NEVER, id, owner, activity, name, image, status: 'created' as const, createdAt: this.time() };
    this.containers.set(id, { spec, name, seen, limits });
  }

  async start(id: string): Promise<void> {
    await this.called('start', id);
    const found = this.at(id);
    if (found.seen.status === 'running') return;
    if (this.isForgetful) found.limits = found.spec.limits;
    this.change(id, {
      status: 'running',
      pid: ++this.pids,
      exitCode: 0,
      startedAt: this.time(),
      ipAddress: `10.88.0.${this.containers.size + 1}`,
    });
  }

  async stop(id: string, timeoutS: number): Promise<void> {
    await this.called('stop', id, String(timeoutS));
    if (this.isUp(id)) this.exit(id, this.deaf.has('SIGTERM') ? 137 : 143);
  }

  async kill(id: string, name: string): Promise<void> {
    await this.called('kill', id, name);
    if (this.at(id).seen.status === 'running' && !this.deaf.has(name)) this.exit(id, name === 'SIGKILL' ? 137 : 143);
  }

  async pause(id: string): Promise<void> {
    await this.called('pause', id);
    this.change(id, { status: 'paused' });
  }

  async resume(id: string): Promise<void> {
    await this.called('resume', id);
    if (this.at(id).seen.status === 'paused') this.change(id, { status: 'running' });
  }

  async rename(id: string, name: string): Promise<void> {
    await this.called('rename', id, name);
    if (await this.isNameTaken(name)) throw new EngineError('ENGINE_CONFLICT', 'that name is already in use');
    this.at(id).name = name;
  }

  async remove(id: string): Promise<void> {
    await this.called('remove', id);
    this.containers.delete(id);
  }

  async updateLimits(id: string, limits: Limits): Promise<void> {
    await this.called('updateLimits', id);
    this.at(id).limits = limits;
  }

  async inspect(id: string): Promise<EngineContainer | undefined> {
    await this.called('inspect', id);
    return this.containers.has(id) ? this.seen(id) : undefined;
  }

  async list(): Promise<readonly EngineContainer[]> {
    await this.called('list');
    return [...this.containers.keys()].map((id) => this.seen(id));
  }

  async isNameTaken(name: string): Promise<boolean> {
    return this.foreign.has(name) || [...this.containers.values()].some((other) => other.name === name);
  }

  async stats(): Promise<StatsSample | undefined> {
    await this.called('stats');
    return this.samples.length > 1 ? this.samples.shift() : this.samples[0];
  }

  async *logs(
    _id: string,
    { tail, follow }: { tail: number; follow: boolean },
    signal: AbortSignal,
  ): AsyncGenerator<LogLine> {
    this.calls.push(`logs ${tail}`);
    for (let index = Math.max(0, this.lines.length - tail); ; index++) {
      while (follow && index >= this.lines.length && !signal.aborted) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      const line = this.lines[index];
      if (!line || signal.aborted) {
        this.calls.push('logs ended');
        return;
      }
      yield line;
    }
  }

  events(): Promise<void> {
    return Promise.resolve();
  }

  bridgeGateway(): Promise<string | undefined> {
    return Promise.resolve(this.gateway);
  }

  private isUp(id: string): boolean {
    return ['running', 'paused'].includes(this.at(id).seen.status);
  }

  private time(): string {
    return new Date(this.now()).toISOString();
  }

  private async called(name: string, ...of: readonly string[]): Promise<void> {
    this.calls.push([name, ...of].join(' '));
    const held = this.held.get(name);
    if (held) await new Promise<void>((release) => held.push({ release }));
    const failure = this.failures.get(name);
    if (failure) throw failure;
  }
}

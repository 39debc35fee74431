import { access, constants, mkdir, stat } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { join, posix, resolve } from 'node:path';
import type { Clock, Logger } from '../../../runtime/index.js';
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
import { Turns } from '../turns.js';
import { ControlGroups } from './cgroup.js';
import { described, ImageStore } from './image-store.js';
import { environmentOf, launch } from './launch.js';
import { readLogs } from './log-reader.js';
import { signalAll } from './processes.js';
import { type ContainerRecord, ContainerRecords } from './records.js';
import { isRunning, runStateOf } from './run-state.js';
import { KILLED_WITHIN_S, RunWaits } from './run-waits.js';
import { unenforced } from './unenforced.js';
import { ARCHIVE_LIMITS, type ArchiveLimits } from './unpack.js';
import { usageOf } from './usage.js';
import { Watchdog } from './watchdog.js';

export interface ProcessEngineOptions {
  /** Of containers and unpacked images; ours alone. */
  readonly folder: string;
  /** Where images lie under their references (ENG-6). */
  readonly imageRoot: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the control groups. @default /sys/fs/cgroup */
  readonly cgroupRoot?: string;
  /** Of an unpacked archive. */
  readonly archiveLimits?: ArchiveLimits;
}

const LOOK_MS = 2_000;
const NAMES = 'names';

/** Containers as processes of this machine: for devices without an engine of containers (ENG-6). */
export function createProcessEngine(options: ProcessEngineOptions): Engine {
  return new ProcessEngine(options);
}

/**
 * 1. A container's processes outlive the agent: they are in a session of their own below a wrapper, which writes who they
 *    are and how they ended into the container's folder. Nothing of that is in memory.
 * 2. Who a process is, is its pid and when it began: a later one of its number is never signalled.
 * 3. One call at a time changes a container, and one at a time gives out names.
 */
class ProcessEngine implements Engine {
  readonly kind = 'process';
  private readonly records: ContainerRecords;
  private readonly store: ImageStore;
  private readonly turns = new Turns();
  private readonly feed = new EventFeed();
  private readonly watchdog: Watchdog;
  private readonly waits: RunWaits;
  /** Whose end was not told yet. */
  private readonly alive = new Set<string>();
  private groups: Promise<ControlGroups | undefined> | undefined;

  constructor(private readonly options: ProcessEngineOptions) {
    const { imageRoot, clock, logger, archiveLimits = ARCHIVE_LIMITS } = options;
    // A wrapper leaves our working directory before it reads its folder.
    const folder = resolve(options.folder);
    this.records = new ContainerRecords(join(folder, 'containers'), (unreadable) =>
      logger.error({ folder: unreadable }, 'container_record_unreadable'),
    );
    this.store = new ImageStore(imageRoot, join(folder, 'images'), archiveLimits);
    this.waits = new RunWaits(clock);
    this.watchdog = new Watchdog({
      clock,
      everyMs: LOOK_MS,
      folderOf: (id) => this.records.folderOf(id),
      look: (id) => this.look(id),
    });
  }

  async info(signal: AbortSignal): Promise<EngineInfo> {
    signal.throwIfAborted();
    const { folder, imageRoot } = this.options;
    if (process.platform !== 'linux') throw unavailable('processes as containers need Linux');
    if (!(await stat(imageRoot).catch(() => undefined))?.isDirectory()) {
      throw unavailable(`the folder of images ${imageRoot} is not there: create it, or set imageRoot`);
    }
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await access(folder, constants.W_OK);
      await access('/bin/sh', constants.X_OK);
    } catch (cause) {
      throw unavailable((cause as Error).message, cause);
    }
    return { name: 'processes', version: release(), memoryBytes: totalmem(), cpus: cpus().length || 1 };
  }

  async image(reference: string, signal: AbortSignal): Promise<EngineImage | undefined> {
    signal.throwIfAborted();
    return this.store.find(reference);
  }

  async images(signal: AbortSignal): Promise<readonly EngineImage[]> {
    signal.throwIfAborted();
    return this.store.all();
  }

  pull({ image }: PullRequest, onProgress: (percent: number) => void, signal: AbortSignal): Promise<EngineImage> {
    return this.store.pull(image, onProgress, signal);
  }

  removeImage(reference: string, signal: AbortSignal): Promise<boolean> {
    return this.turns.take(NAMES, async () => {
      signal.throwIfAborted();
      const records = await this.records.all();
      if (records.some(({ spec }) => spec.image === reference)) return false;
      await this.store.remove(reference, (folder) => records.some(({ imageFolder }) => imageFolder === folder));
      return true;
    });
  }

  async create(spec: ContainerSpec, signal: AbortSignal): Promise<void> {
    const isNew = await this.turns.take(NAMES, async () => {
      signal.throwIfAborted();
      if (await this.records.get(spec.id)) return false;
      const image = await this.store.find(spec.image);
      if (!image) throw new EngineError('ENGINE_NOT_FOUND', `${spec.image}: no such image`);
      await this.refuseTaken(spec.name);
      const { limits, name } = spec;
      const createdMs = this.options.clock.now();
      await this.records.put({ version: 1, spec, name, limits, createdMs, imageFolder: image.folder });
      return true;
    });
    if (!isNew) return;
    const settings = unenforced(spec, (await this.controlGroups()) !== undefined);
    if (settings.length > 0) {
      this.options.logger.warn({ container: spec.name, settings }, 'settings_not_enforced');
    }
    this.tell(spec.id, spec.owner, 'created');
  }

  start(id: string, signal: AbortSignal): Promise<void> {
    return this.changing(id, signal, async (record, folder) => {
      const { spec } = record;
      await this.waits.adopted(folder, signal);
      if (isRunning(await runStateOf(folder))) return;
      const image = await described(record.imageFolder);
      const groups = await this.controlGroups();
      const limited = Object.values(record.limits).some((limit) => limit !== undefined);
      const group = groups && limited ? await groups.make(id, record.limits) : undefined;
      const launched = {
        folder,
        workFolder: join(record.imageFolder, posix.normalize(posix.join('/', image.workdir ?? ''))),
        cmd: spec.cmd.length > 0 ? spec.cmd : image.cmd,
        env: environmentOf(image.env ?? [], spec.env, spec.hostName),
        log: spec.log,
        group,
        clock: this.options.clock,
      };
      await launch(launched, signal);
      this.alive.add(id);
      if (this.feed.isWatched) this.watchdog.add(id);
      this.tell(id, spec.owner, 'started');
    });
  }

  stop(id: string, timeoutS: number, signal: AbortSignal): Promise<void> {
    return this.changing(id, signal, async (_record, folder) => {
      const state = await runStateOf(folder);
      if (!isRunning(state)) return;
      await signalAll(state.main, 'SIGTERM');
      // A stopped one takes the signal when it goes on.
      await signalAll(state.main, 'SIGCONT');
      if (!(await this.waits.ended(folder, timeoutS, signal))) await this.waits.killed(folder, signal);
      await this.look(id);
    });
  }

  kill(id: string, name: string, signal: AbortSignal): Promise<void> {
    return this.changing(id, signal, async (record, folder) => {
      const state = await runStateOf(folder);
      if (!isRunning(state)) throw notRunning(record.name);
      await signalAll(state.main, name as NodeJS.Signals).catch((cause: unknown) => {
        throw new EngineError('ENGINE_REFUSED', `cannot send ${name}: ${(cause as Error).message}`, { cause });
      });
    });
  }

  pause(id: string, signal: AbortSignal): Promise<void> {
    return this.hold(id, 'paused', 'SIGSTOP', signal);
  }

  resume(id: string, signal: AbortSignal): Promise<void> {
    return this.hold(id, 'running', 'SIGCONT', signal);
  }

  async rename(id: string, name: string, signal: AbortSignal): Promise<void> {
    await this.changing(id, signal, () =>
      this.turns.take(NAMES, async () => {
        const record = await this.record(id);
        if (record.name === name) return;
        await this.refuseTaken(name);
        await this.records.put({ ...record, name });
        this.tell(id, record.spec.owner, 'renamed');
      }),
    );
  }

  remove(id: string, signal: AbortSignal): Promise<void> {
    return this.turns.take(id, async () => {
      signal.throwIfAborted();
      const record = await this.records.get(id);
      if (!record) return this.records.clear(id);
      const folder = this.records.folderOf(id);
      await this.waits.adopted(folder, signal);
      if (isRunning(await runStateOf(folder))) await this.waits.killed(folder, signal);
      await this.look(id);
      this.watchdog.delete(id);
      await (await this.controlGroups())?.remove(id);
      await this.records.delete(id);
      this.tell(id, record.spec.owner, 'removed');
    });
  }

  updateLimits(id: string, limits: Limits, signal: AbortSignal): Promise<void> {
    return this.changing(id, signal, async (record, folder) => {
      const groups = await this.controlGroups();
      // One that was started without limits has no group, and gets it at its next start.
      if (groups && isRunning(await runStateOf(folder)) && (await groups.exists(id))) {
        await groups.limit(id, limits).catch((cause: unknown) => {
          throw new EngineError('ENGINE_REFUSED', `cannot limit memory: ${(cause as Error).message}`, { cause });
        });
      }
      await this.records.put({ ...record, limits });
    });
  }

  async inspect(id: string, signal: AbortSignal): Promise<EngineContainer | undefined> {
    signal.throwIfAborted();
    const record = await this.records.get(id);
    return record && this.shown(record);
  }

  async list(owner: string | undefined, signal: AbortSignal): Promise<readonly EngineContainer[]> {
    signal.throwIfAborted();
    const records = (await this.records.all()).filter(({ spec }) => owner === undefined || spec.owner === owner);
    return Promise.all(records.map((record) => this.shown(record)));
  }

  async isNameTaken(name: string, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    return (await this.records.all()).some((record) => record.name === name);
  }

  async stats(id: string, signal: AbortSignal): Promise<StatsSample | undefined> {
    signal.throwIfAborted();
    const record = await this.records.get(id);
    const state = record && (await runStateOf(this.records.folderOf(id)));
    return record && state && isRunning(state) ? usageOf(state.main, record.limits) : undefined;
  }

  async *logs(
    id: string,
    options: { readonly tail: number; readonly follow: boolean },
    signal: AbortSignal,
  ): AsyncIterable<LogLine> {
    const isThere = async (): Promise<boolean> => (await this.records.get(id)) !== undefined;
    if (await isThere()) yield* readLogs(this.records.folderOf(id), options, this.options.clock, isThere, signal);
  }

  /** Of those too that an agent before this one started. */
  async events(onEvent: (event: EngineEvent) => void, onReady: () => void, signal: AbortSignal): Promise<void> {
    const records = await this.records.all();
    const watched = this.feed.watch(onEvent, () => {}, signal);
    for (const { spec } of records) {
      if (!isRunning(await runStateOf(this.records.folderOf(spec.id)))) continue;
      this.alive.add(spec.id);
      this.watchdog.add(spec.id);
    }
    onReady();
    await watched;
    if (!this.feed.isWatched) this.watchdog.clear();
  }

  async bridgeGateway(): Promise<string | undefined> {
    return undefined;
  }

  /** One call at a time for a container that is there. */
  private changing(
    id: string,
    signal: AbortSignal,
    work: (record: ContainerRecord, folder: string) => Promise<void>,
  ): Promise<void> {
    return this.turns.take(id, async () => {
      signal.throwIfAborted();
      await work(await this.record(id), this.records.folderOf(id));
    });
  }

  private async record(id: string): Promise<ContainerRecord> {
    const record = await this.records.get(id);
    if (!record) throw new EngineError('ENGINE_NOT_FOUND', `no container ${id}`);
    return record;
  }

  private async refuseTaken(name: string): Promise<void> {
    if (!(await this.records.all()).some((record) => record.name === name)) return;
    throw new EngineError('ENGINE_CONFLICT', `the container name ${name} is already in use`);
  }

  private hold(
    id: string,
    wanted: 'paused' | 'running',
    name: 'SIGSTOP' | 'SIGCONT',
    signal: AbortSignal,
  ): Promise<void> {
    return this.changing(id, signal, async (record, folder) => {
      const state = await runStateOf(folder);
      if (!isRunning(state)) throw notRunning(record.name);
      if (state.status === wanted) return;
      await signalAll(state.main, name);
      await this.waits.until(folder, ({ status }) => status === wanted || status === 'exited', KILLED_WITHIN_S, signal);
      this.tell(id, record.spec.owner, wanted === 'paused' ? 'paused' : 'resumed');
    });
  }

  /** Tells once that a container ended. */
  private async look(id: string): Promise<void> {
    if (!this.alive.has(id)) return;
    const record = await this.records.get(id);
    const state = await runStateOf(this.records.folderOf(id));
    if (isRunning(state) || !this.alive.delete(id)) return;
    this.watchdog.delete(id);
    if (!record || state.status !== 'exited') return;
    this.feed.tell({ id, owner: record.spec.owner, change: 'died', exitCode: state.exitCode });
  }

  private async shown({ spec, name, createdMs }: ContainerRecord): Promise<EngineContainer> {
    const state = await runStateOf(this.records.folderOf(spec.id));
    const exited = state.status === 'exited' ? state : undefined;
    return {
      id: spec.id,
      owner: spec.owner,
      activity: spec.activity,
      name,
      image: spec.image,
      status: state.status,
      pid: isRunning(state) ? state.main.pid : -1,
      exitCode: exited?.exitCode ?? 0,
      oomKilled: exited !== undefined && ((await (await this.controlGroups())?.sawKill(spec.id)) ?? false),
      startedAt: state.status === 'created' ? '' : new Date(state.startedMs).toISOString(),
      finishedAt: exited ? new Date(exited.finishedMs).toISOString() : '',
      createdAt: new Date(createdMs).toISOString(),
      ipAddress: '',
    };
  }

  private controlGroups(): Promise<ControlGroups | undefined> {
    this.groups ??= ControlGroups.open(this.options.cgroupRoot);
    return this.groups;
  }

  private tell(id: string, owner: string, change: EngineEvent['change']): void {
    this.feed.tell({ id, owner, change });
  }
}

const notRunning = (name: string): EngineError =>
  new EngineError('ENGINE_CONFLICT', `container ${name} is not running`);

const unavailable = (message: string, cause?: unknown): EngineError =>
  new EngineError('ENGINE_UNAVAILABLE', message, { cause });

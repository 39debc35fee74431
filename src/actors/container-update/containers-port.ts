/** How the containers are asked: by the addresses of their actors, with time enough for what they are told. */
import { noLongerExists, type Order, type Step, type StepFailure } from '../../protocols/container-update/index.js';
import type { ActorSystem, EffectArguments } from '../../runtime/index.js';
import { FleetchartError } from '../../runtime/index.js';
import {
  type ContainerCommand,
  type ContainerFacts,
  type ContainerReply,
  containerAddress,
} from '../containers/events.js';

/** `CONTAINER_UPDATE_*`: why a container is not as it was to be. */
export class ContainerUpdateError extends FleetchartError {}

/** What was to be there is not. */
export const isGone = (error: unknown): boolean =>
  error instanceof ContainerUpdateError && error.code === 'CONTAINER_UPDATE_GONE';

/** What must be known of the containers of a vehicle. */
export interface KnownContainers {
  /** Of role current, the newest of a name last. */
  present(): readonly ContainerFacts[];
  /** Of any role. */
  all(): readonly ContainerFacts[];
  find(id: string): ContainerFacts | undefined;
}

export interface ContainersPortOptions {
  readonly system: Pick<ActorSystem, 'ask' | 'peek' | 'cell' | 'clock'>;
  /** Seconds that an image may take to come. */
  readonly pullTimeoutS: number;
  /** Seconds that a container has to stop before it is killed. */
  readonly stopTimeoutS: number;
}

/** For what an engine does at once, however slow it is. */
const MARGIN_MS = 120_000;
/** Beside the time of the pull itself: another image may come first, and a pull that fails is tried again (REG-4). */
const CREATE_MARGIN_MS = 600_000;
/** How often it is looked whether the container that is asked is still there, and how far its image is. */
const WATCH_MS = 1_000;
/** Each report is a turn and a feedback with all actions of the operation (CUA-18, CUA-21). */
const REPORT_EVERY_MS = 5_000;
const REPORT_STEP_PERCENT = 5;

/** Whole percent of the image that is being fetched. */
export type OnProgress = (percent: number) => void;

/** What is done for one effect. */
export interface Carrying extends Pick<EffectArguments<unknown>, 'key' | 'signal'> {
  readonly onProgress?: OnProgress;
}

export class ContainersPort {
  constructor(private readonly options: ContainersPortOptions) {}

  /** Ids of those that run, or that their restart policy will start again. */
  running(ids: readonly string[]): string[] {
    return ids.filter((id) => {
      const facts = this.onRecord(id);
      return facts !== undefined && isMeantToRun(facts);
    });
  }

  /** As it was when it was last seen, even while nobody knows how it is. */
  private onRecord(id: string): ContainerFacts | undefined {
    const chart = this.options.system.peek(containerAddress(id));
    return chart?.status === 'active' ? (chart.context as ContainerFacts) : undefined;
  }

  /** All orders in turn; the first that fails ends it with its text. */
  async carryOut(orders: readonly Order[], carrying: Carrying): Promise<void> {
    for (const order of orders) await this.order(order, carrying);
  }

  /** All steps, whatever fails. */
  async carryOutAll(steps: readonly Step[], carrying: Carrying): Promise<StepFailure[]> {
    const failures: StepFailure[] = [];
    for (const { place, orders } of steps) {
      try {
        await this.carryOut(orders, carrying);
      } catch (error) {
        if (carrying.signal.aborted) throw error;
        failures.push({ place, error: error instanceof Error ? error.message : String(error) });
      }
    }
    return failures;
  }

  private async order(order: Order, { key, signal, onProgress }: Carrying): Promise<void> {
    const { id } = order;
    const start = { type: 'START', ensure: true, step: key } as const;
    const stopMs = 2 * this.options.stopTimeoutS * 1_000 + MARGIN_MS;
    switch (order.do) {
      case 'create':
        return this.create(order, signal, onProgress);
      case 'start':
        return this.must(order, start, MARGIN_MS, signal);
      case 'run': {
        const isPaused = this.onRecord(id)?.state.status === 'Paused';
        return this.must(order, isPaused ? { type: 'RESUME', ensure: true } : start, MARGIN_MS, signal);
      }
      case 'limit':
        return this.must(order, { type: 'UPDATE', ...order.terms }, MARGIN_MS, signal);
      case 'role': {
        const command = { type: 'ROLE', role: order.role } as const;
        return order.mustExist
          ? this.must(order, command, MARGIN_MS, signal)
          : this.ifThere(id, command, MARGIN_MS, signal);
      }
      case 'stop':
        return this.ifThere(id, { type: 'STOP', ensure: true, force: true }, stopMs, signal);
      case 'remove':
        return this.ifThere(id, { type: 'REMOVE', force: true }, stopMs, signal);
    }
  }

  private async create(
    order: { readonly id: string; readonly name: string },
    signal: AbortSignal,
    onProgress: OnProgress = () => {},
  ): Promise<void> {
    const endReports = this.report(order.id, onProgress);
    try {
      await this.must(order, { type: 'CREATE' }, this.options.pullTimeoutS * 1_000 + CREATE_MARGIN_MS, signal);
    } finally {
      endReports();
    }
  }

  private async must(
    { id, name }: { readonly id: string; readonly name: string },
    command: ContainerCommand,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    if (!(await this.ask(id, command, deadlineMs, signal))) {
      throw new ContainerUpdateError('CONTAINER_UPDATE_GONE', noLongerExists(name));
    }
  }

  private async ifThere(id: string, command: ContainerCommand, deadlineMs: number, signal: AbortSignal): Promise<void> {
    await this.ask(id, command, deadlineMs, signal);
  }

  /** False if there is no such container, or none any more. */
  private async ask(id: string, command: ContainerCommand, deadlineMs: number, signal: AbortSignal): Promise<boolean> {
    const { system } = this.options;
    if (!this.isThere(id)) return false;
    const gone = new AbortController();
    const endWatch = this.watch(id, () => gone.abort());
    try {
      const either = AbortSignal.any([signal, gone.signal]);
      const reply = (await system.ask(containerAddress(id), command, deadlineMs, either)) as ContainerReply;
      if (reply.ok) return true;
      throw new ContainerUpdateError('CONTAINER_UPDATE_REFUSED', reply.error);
    } catch (error) {
      if (gone.signal.aborted && !signal.aborted) return false;
      throw error;
    } finally {
      endWatch();
    }
  }

  /** Nobody answers for an actor that is gone: not even the runtime. */
  private watch(id: string, onGone: () => void): () => void {
    const { clock } = this.options.system;
    let wasThere = true;
    const look = (): void => {
      const isThere = this.isThere(id);
      if (!isThere && !wasThere) onGone();
      else timer = clock.setTimeout(look, WATCH_MS);
      wasThere = isThere;
    };
    let timer = clock.setTimeout(look, WATCH_MS);
    return () => clock.clearTimeout(timer);
  }

  /** How far the image of a container is, now and then and only when it has come further. */
  private report(id: string, onProgress: OnProgress): () => void {
    const { clock } = this.options.system;
    let reported = 0;
    let reportedAt = Number.NEGATIVE_INFINITY;
    const look = (): void => {
      const percent = this.onRecord(id)?.percent ?? 0;
      if (percent >= reported + REPORT_STEP_PERCENT && clock.monotonic() >= reportedAt + REPORT_EVERY_MS) {
        reported = percent;
        reportedAt = clock.monotonic();
        onProgress(percent);
      }
      timer = clock.setTimeout(look, WATCH_MS);
    };
    let timer = clock.setTimeout(look, WATCH_MS);
    return () => clock.clearTimeout(timer);
  }

  /** Or is about to be: its start is on its way. */
  private isThere(id: string): boolean {
    const { system } = this.options;
    const address = containerAddress(id);
    if (system.peek(address)?.status === 'active') return true;
    const cell = system.cell(address);
    return cell !== undefined && (cell.isLive || cell.queue.mailbox.depth + cell.queue.storedDepth > 0);
  }
}

const isMeantToRun = ({ state, restartAt }: ContainerFacts): boolean =>
  state.status === 'Running' || state.status === 'Paused' || restartAt !== null;

import { type ContainerConfig, lifecycleErrors } from '../../protocols/containers/index.js';
import { type ActorSystem, type Ids, knownErrorRecord, type Logger } from '../../runtime/index.js';
import { ContainerError } from './errors.js';
import { type ContainerCommand, type ContainerInput, type ContainerReply, containerAddress } from './events.js';

export interface CommandsOptions {
  readonly system: Pick<ActorSystem, 'ask' | 'cell' | 'peek' | 'spawn'>;
  readonly ids: Ids;
  readonly isKnown: (id: string) => boolean;
  readonly logger: Logger;
  /** Seconds (CTR-9). */
  readonly stopTimeoutS: number;
  /** For an image to be there, milliseconds. */
  readonly createMs: number;
}

export interface CreateOptions {
  readonly start: boolean;
  /** What makes it. */
  readonly activity?: string;
  /** @default a random UUID */
  readonly id?: string;
}

/** For a step, and for the one before it to end. */
const STEP_MS = 120_000;

/** Asks containers, from outside of charts. */
export class ContainerCommands {
  /** Who waits for an answer, by container. */
  private readonly waiting = new Map<string, Set<AbortController>>();

  constructor(private readonly options: CommandsOptions) {}

  /** Rejects with `CONTAINER_UNKNOWN` if it is not there, or no more; one to be removed is. */
  async command(id: string, command: ContainerCommand, signal: AbortSignal): Promise<ContainerReply> {
    const address = containerAddress(id);
    const { system } = this.options;
    const isThere = system.peek(address)?.status === 'active';
    // One that is being made this moment is there for what comes after.
    if (!isThere && !system.cell(address)?.hasWork) return unknown(id, command);
    const end = new AbortController();
    const ends = this.waiting.get(id) ?? new Set<AbortController>();
    this.waiting.set(id, ends.add(end));
    try {
      const answer = system.ask(address, command, this.deadline(command), AbortSignal.any([signal, end.signal]));
      return (await answer) as ContainerReply;
    } catch (error) {
      if (end.signal.aborted) return unknown(id, command);
      throw error;
    } finally {
      ends.delete(end);
      if (ends.size === 0) this.waiting.delete(id);
    }
  }

  /** What is still asked of it will not be answered. */
  gone(id: string): void {
    for (const end of this.waiting.get(id) ?? []) end.abort();
  }

  /** Nothing is left of one that could not be made; one that does not start is there all the same (THG-14). */
  async create(
    config: ContainerConfig,
    { start, activity = '', id = this.options.ids.uuid() }: CreateOptions,
    signal: AbortSignal,
  ): Promise<string> {
    const { system, logger } = this.options;
    const input: ContainerInput = { config, role: 'current', activity };
    const refused = (error: string): ContainerError => new ContainerError('CONTAINER_REFUSED', error);
    if (this.options.isKnown(id)) throw refused(lifecycleErrors.exists(id));
    if (!system.spawn(containerAddress(id), input)) throw refused('no container can be stored now');
    const made = await this.command(id, { type: 'CREATE' }, signal);
    if (!made.ok) {
      await this.command(id, { type: 'REMOVE', force: true }, signal);
      throw refused(made.error);
    }
    if (start) {
      const started = await this.command(id, { type: 'START', ensure: true }, signal);
      if (!started.ok)
        logger.warn({ container: id, name: config.name, detail: started.error }, 'container_not_started');
    }
    return id;
  }

  /** CTR-13: along with the process; what fails is left running. */
  async suspend(ids: readonly string[], deadlineMs: number): Promise<void> {
    const { system, logger } = this.options;
    await Promise.all(
      ids.map(async (id) => {
        try {
          await system.ask(containerAddress(id), { type: 'SUSPEND' }, deadlineMs);
        } catch (error) {
          logger.warn({ container: id, err: knownErrorRecord(error) }, 'container_left_running');
        }
      }),
    );
  }

  private deadline(command: ContainerCommand): number {
    switch (command.type) {
      case 'CREATE':
        return this.options.createMs;
      case 'STOP':
        // Once more after the kill.
        return STEP_MS + (command.timeoutS ?? this.options.stopTimeoutS) * 2_000;
      default:
        return STEP_MS;
    }
  }
}

function unknown(id: string, { type }: ContainerCommand): ContainerReply {
  if (type === 'REMOVE') return { ok: true };
  throw new ContainerError('CONTAINER_UNKNOWN', lifecycleErrors.unknown(id));
}

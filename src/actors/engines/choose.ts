import { access } from 'node:fs/promises';
import type { Clock } from '../../runtime/index.js';
import type { Engine, EngineKind } from './engine.js';
import { EngineError } from './errors.js';
import { type KeptChoice, readKeptChoice, writeKeptChoice } from './kept-choice.js';
import type { ChosenEngine } from './link/link-host.js';

export interface EngineChoice {
  /** `auto`: the first of the engines on sockets that answers, else processes. */
  readonly kind: EngineKind | 'auto';
  /** Path of the engine's socket; empty: those of the environment, then the usual ones. */
  readonly socket: string;
  /** For `DOCKER_HOST` and `CONTAINER_HOST`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** @default those of podman and Docker */
  readonly usualSockets?: readonly string[];
  /**
   * Holds an engine that was found once: one that is late at a start must not lead to another one, where all containers
   * of this vehicle would count as removed. @default what answers first is taken each time
   */
  readonly keeping?: {
    readonly file: string;
    /** Without any, the search is free. */
    hasContainers(): boolean;
  };
  engineApi(socketPath: string): Engine;
  process(): Engine;
  simulated(): Engine;
}

const USUAL_SOCKETS = ['/run/podman/podman.sock', '/var/run/docker.sock'] as const;
const HOSTS = ['DOCKER_HOST', 'CONTAINER_HOST'] as const;
const UNIX = /^unix:\/\/(\/.+)$/;
const ANSWER_MS = 10_000;

/**
 * Finds an engine that works; to be called until it has found one, which is kept.
 *
 * @throws EngineError `ENGINE_UNAVAILABLE` with what was tried and what to do
 */
export function engineChooser(choice: EngineChoice): (signal: AbortSignal) => Promise<ChosenEngine> {
  return (signal) => new Search(choice, signal).run();
}

class Search {
  /** What does not work, in the order in which it was tried. */
  private readonly failures: string[] = [];
  /** Of the one that was found, if it has one. */
  private socket = '';

  constructor(
    private readonly choice: EngineChoice,
    private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<ChosenEngine> {
    this.signal.throwIfAborted();
    const kept = await this.kept();
    const found = kept ? await this.again(kept) : await this.found();
    const { keeping } = this.choice;
    if (keeping) await writeKeptChoice(keeping.file, { kind: found.engine.kind, socket: this.socket });
    return found;
  }

  /** The one before, unless another is named. */
  private async kept(): Promise<KeptChoice | undefined> {
    const { kind, socket, keeping } = this.choice;
    if (!keeping?.hasContainers() || socket !== '' || !(kind === 'auto' || kind === 'engine-api')) return undefined;
    const kept = await readKeptChoice(keeping.file);
    return kind === 'auto' || kept?.kind === kind ? kept : undefined;
  }

  private async again({ kind, socket }: KeptChoice): Promise<ChosenEngine> {
    const help = 'let it answer again; to give them up, name another engine';
    if (kind === 'process') return this.only(this.choice.process(), 'containers are in it', help);
    if (kind === 'simulated') return this.only(this.choice.simulated(), 'containers are in it', help);
    const found = await this.onSocket(socket);
    if (found) return found;
    throw new EngineError(
      'ENGINE_UNAVAILABLE',
      `the engine of the containers does not work (${this.said()}): ${help}`,
      {
        retryable: true,
      },
    );
  }

  private async found(): Promise<ChosenEngine> {
    const { kind } = this.choice;
    if (kind === 'simulated') return this.only(this.choice.simulated(), 'configured', 'choose another one');
    if (kind === 'process') {
      return this.only(this.choice.process(), 'configured', 'correct that, or choose another one');
    }
    for (const socket of this.sockets()) {
      const found = await this.onSocket(socket);
      if (found) return found;
    }
    if (kind === 'auto') {
      const engine = this.choice.process();
      const name = await this.answer(engine, 'processes');
      if (name !== undefined) return { engine, why: `auto: ${name}; ${this.said()}` };
    }
    const help =
      kind === 'auto'
        ? 'start podman or Docker and let this process use its socket, or set imageRoot for processes'
        : 'start podman or Docker, let this process use its socket, or set socket to where it listens';
    throw new EngineError('ENGINE_UNAVAILABLE', `no container engine works (${this.said()}): ${help}`, {
      retryable: true,
    });
  }

  private async only(engine: Engine, why: string, help: string): Promise<ChosenEngine> {
    const name = await this.answer(engine, engine.kind);
    if (name !== undefined) return { engine, why: `${why}: ${name}` };
    throw new EngineError('ENGINE_UNAVAILABLE', `the engine ${engine.kind} does not work (${this.said()}): ${help}`, {
      retryable: true,
    });
  }

  private async onSocket(socket: string): Promise<ChosenEngine | undefined> {
    const reason = await unusable(socket);
    if (reason !== undefined) {
      this.failures.push(`${socket}: ${reason}`);
      return undefined;
    }
    const engine = this.choice.engineApi(socket);
    const name = await this.answer(engine, socket);
    if (name === undefined) return undefined;
    this.socket = socket;
    const { kind } = this.choice;
    const passed = this.failures.length > 0 ? `; ${this.said()}` : '';
    return { engine, why: `${kind === 'auto' ? 'auto' : 'configured'}: ${name} on ${socket}${passed}` };
  }

  private sockets(): readonly string[] {
    const { sockets, failures } = socketsOf(this.choice);
    this.failures.push(...failures);
    return sockets;
  }

  /** Its name and version; undefined if it does not answer in time. */
  private async answer(engine: Engine, place: string): Promise<string | undefined> {
    const { clock } = this.choice;
    const late = new AbortController();
    const timer = clock.setTimeout(() => late.abort(new Error(`no answer within ${ANSWER_MS / 1_000} s`)), ANSWER_MS);
    const ended = AbortSignal.any([this.signal, late.signal]);
    try {
      const aborted = new Promise<never>((_resolve, reject) =>
        ended.addEventListener('abort', () => reject(ended.reason), { once: true }),
      );
      const { name, version } = await Promise.race([engine.info(ended), aborted]);
      return `${name} ${version}`;
    } catch (error) {
      this.signal.throwIfAborted();
      this.failures.push(`${place}: ${(error as Error).message}`);
      return undefined;
    } finally {
      clock.clearTimeout(timer);
    }
  }

  private said(): string {
    return this.failures.join('; ');
  }
}

/** One that is named is the only one; else those of the environment come first. With what of that cannot be used. */
export function socketsOf({
  socket,
  environment,
  usualSockets = USUAL_SOCKETS,
}: Pick<EngineChoice, 'socket' | 'environment' | 'usualSockets'>): {
  readonly sockets: readonly string[];
  readonly failures: readonly string[];
} {
  if (socket !== '') return { sockets: [socket.replace(/^unix:\/\//, '')], failures: [] };
  const given = HOSTS.filter((name) => environment[name]);
  const named = given.flatMap((name) => UNIX.exec(environment[name] ?? '')?.[1] ?? []);
  const failures = given.filter((name) => !UNIX.test(environment[name] ?? ''));
  return {
    sockets: [...new Set([...named, ...usualSockets])],
    failures: failures.map((name) => `${name}: only unix sockets are used`),
  };
}

async function unusable(socket: string): Promise<string | undefined> {
  return access(socket).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? 'no such socket' : 'not accessible'),
  );
}

import type { Engine, EngineContainer, EngineEvent } from '../../../../src/actors/engines/index.js';
import { EngineError } from '../../../../src/actors/engines/index.js';

export const seen = (id: string, changes: Partial<EngineContainer> = {}): EngineContainer => ({
  id,
  owner: 'containers',
  activity: '',
  name: `name-${id}`,
  image: 'i',
  status: 'running',
  pid: 5,
  exitCode: 0,
  oomKilled: false,
  startedAt: '',
  finishedAt: '',
  createdAt: '',
  ipAddress: '',
  ...changes,
});

/** As much of an engine as a link needs, under the hand of a test. */
export class ScriptedEngine {
  readonly containers = new Map<string, EngineContainer>();
  readonly calls: string[] = [];
  isThere = true;
  /** Awaited in each inspection and listing. */
  held: Promise<void> = Promise.resolve();
  private hear: ((event: EngineEvent) => void) | undefined;
  private lose: ((error: Error) => void) | undefined;

  /** What a link is given; all other calls are missing. */
  get engine(): Engine {
    return {
      kind: 'engine-api',
      info: async () => {
        this.called('info');
        return { name: 'Scripted', version: '1', memoryBytes: 1, cpus: 1 };
      },
      inspect: async (id: string) => {
        this.called(`inspect ${id}`);
        await this.held;
        return this.containers.get(id);
      },
      list: async () => {
        this.called('list');
        const listed = [...this.containers.values()];
        await this.held;
        return listed;
      },
      stats: async () => undefined,
      events: (onEvent: (event: EngineEvent) => void, onReady: () => void, signal: AbortSignal) => {
        this.called('events');
        return new Promise<void>((resolve, reject) => {
          this.hear = onEvent;
          this.lose = reject;
          signal.addEventListener('abort', () => resolve(), { once: true });
          onReady();
        });
      },
    } as unknown as Engine;
  }

  has(...containers: readonly EngineContainer[]): void {
    for (const container of containers) this.containers.set(container.id, container);
  }

  tells(id: string, change: EngineEvent['change'], owner = 'containers'): void {
    this.hear?.({ owner, id, change });
  }

  /** The service goes; its containers stay. */
  goes(): void {
    this.isThere = false;
    this.lose?.(new EngineError('ENGINE_UNAVAILABLE', 'gone'));
  }

  private called(call: string): void {
    this.calls.push(call);
    if (!this.isThere) throw new EngineError('ENGINE_UNAVAILABLE', 'gone');
  }
}

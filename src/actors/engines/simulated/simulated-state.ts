import type { ContainerSpec, Limits } from '../engine.js';
import { EngineError } from '../errors.js';
import { replacePrivate, textIfPresent } from '../private-file.js';
import { Turns } from '../turns.js';

export interface SimulatedContainer {
  readonly id: string;
  name: string;
  readonly spec: ContainerSpec;
  limits: Limits;
  status: 'created' | 'running' | 'paused' | 'exited';
  exitCode: number;
  readonly createdMs: number;
  /** 0: never. */
  startedMs: number;
  finishedMs: number;
  log: readonly string[];
}

interface State {
  readonly version: 1;
  images: string[];
  containers: SimulatedContainer[];
}

const EMPTY: State = { version: 1, images: [], containers: [] };

/** Of what may be changed: all else in it is replaced as a whole. */
const copyOf = ({ images, containers, ...state }: State): State => ({
  ...state,
  images: [...images],
  containers: containers.map((container) => ({ ...container })),
});

/** What the simulated engine has, in one file that is replaced as a whole. A change holds once it is written. */
export class SimulatedState {
  private readonly turns = new Turns();
  private readonly specTexts = new WeakMap<ContainerSpec, string>();
  private state: State | undefined;

  constructor(
    private readonly file: string,
    /** Once for each that the file has. */
    private readonly onLoaded: (container: SimulatedContainer) => void,
  ) {}

  loaded(): Promise<State> {
    return this.turns.take('state', () => this.load());
  }

  async find(id: string): Promise<SimulatedContainer | undefined> {
    return (await this.loaded()).containers.find((container) => container.id === id);
  }

  /** What `how` throws or cannot be written leaves all as it was. */
  change<T>(how: (state: State) => T): Promise<T> {
    return this.turns.take('state', async () => {
      const next = copyOf(await this.load());
      const result = how(next);
      await replacePrivate(this.file, this.textOf(next)).catch((cause: unknown) => {
        throw new EngineError('ENGINE_REFUSED', `cannot write ${this.file}: ${(cause as Error).message}`, { cause });
      });
      this.state = next;
      return result;
    });
  }

  /** What containers are made from is the most of it, and never changes. */
  private textOf({ containers, ...state }: State): string {
    const texts = containers.map(({ spec, ...container }) => {
      const specText = this.specTexts.get(spec) ?? JSON.stringify(spec);
      this.specTexts.set(spec, specText);
      return `${JSON.stringify(container).slice(0, -1)},"spec":${specText}}`;
    });
    return `${JSON.stringify(state).slice(0, -1)},"containers":[${texts.join()}]}`;
  }

  private async load(): Promise<State> {
    if (this.state) return this.state;
    const text = await textIfPresent(this.file);
    this.state = text === undefined ? EMPTY : this.parsed(text);
    for (const container of this.state.containers) this.onLoaded(container);
    return this.state;
  }

  private parsed(text: string): State {
    try {
      const state = JSON.parse(text) as State;
      if (state.version === 1 && Array.isArray(state.images) && Array.isArray(state.containers)) return state;
    } catch {
      // Said below.
    }
    throw new EngineError('ENGINE_UNAVAILABLE', `${this.file} is no state of a simulated engine: move it away`);
  }
}

import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { assign, type EventObject, setup } from 'xstate';
import type { ContainerContext } from '../../src/actors/containers/chart-events.js';
import type { ContainerCommand, ContainerReply, Role } from '../../src/actors/containers/events.js';
import { containerAddress } from '../../src/actors/containers/events.js';
import { type Containers, type ContainersDeps, createContainers } from '../../src/actors/containers/index.js';
import { type ContainerConfig, type ContainerDraft, completeConfig } from '../../src/protocols/containers/index.js';
import { type ActorSystem, type ActorType, Metrics, seededIds } from '../../src/runtime/index.js';
import { silentLogger } from '../../src/runtime/logging/log.js';
import { FakeEngine } from './fake-engine.js';
import { eventually, START, type TestSystem, temporaryFolder, testSystem } from './runtime.js';

const WATCHER = 'watcher/containers';

/** A container that needs nothing of the machine it runs on. */
export function configOf(draft: Partial<ContainerDraft> = {}): ContainerConfig {
  const completed = completeConfig({ name: 'map', image: 'reg.example.com/veh/map:1', ...draft });
  assert.ok(completed.ok, completed.ok ? '' : completed.error.detail);
  return completed.value;
}

/** Keeps what it is told. */
const watcherType: ActorType = {
  name: 'watcher',
  version: 1,
  durability: 'durable',
  startOnTell: true,
  eager: true,
  machine: setup({ types: {} as { context: { told: readonly EventObject[] } } }).createMachine({
    id: 'watcher',
    context: { told: [] },
    on: { 'CONTAINER.CHANGED': { actions: assign({ told: ({ context, event }) => [...context.told, event] }) } },
  }),
};

/** Images that are there at once, unless a test says otherwise. */
export class FakeImages {
  readonly wanted: string[] = [];
  readonly given: string[] = [];
  failure: Error | undefined;
  progress: readonly number[] = [];
  private held: Promise<void> | undefined;
  release: () => void = () => {};

  hold(): void {
    this.held = new Promise((resolve) => {
      this.release = () => {
        this.held = undefined;
        resolve();
      };
    });
  }

  async ensure(image: string, _decryption: unknown, onProgress: (percent: number) => void): Promise<void> {
    this.wanted.push(image);
    for (const percent of this.progress) onProgress(percent);
    await this.held;
    if (this.failure) throw this.failure;
  }

  removed(image: string): void {
    this.given.push(image);
  }
}

/** What outlives a process. */
export interface Surroundings {
  readonly engine: FakeEngine;
  readonly images: FakeImages;
  readonly folder: string;
}

export type TestOptions = Partial<ContainersDeps> & { readonly surroundings?: Surroundings };

/** The containers of a vehicle on the runtime, over a fake engine and a manual clock. */
export class ContainersUnderTest {
  readonly metrics: Metrics;

  private constructor(
    readonly surroundings: Surroundings,
    private readonly run: TestSystem,
    readonly containers: Containers,
    private readonly options: TestOptions,
    metrics: Metrics,
  ) {
    this.metrics = metrics;
  }

  static async start(t: TestContext, options: TestOptions = {}): Promise<ContainersUnderTest> {
    let now = (): number => START;
    const folder = options.surroundings?.folder ?? join(temporaryFolder(t), 'hosts');
    const surroundings = options.surroundings ?? {
      engine: new FakeEngine(() => now()),
      images: new FakeImages(),
      folder,
    };
    const started = await ContainersUnderTest.open(surroundings, options, (types) => testSystem(t, types));
    now = () => started.run.clock.now();
    return started;
  }

  private static async open(
    surroundings: Surroundings,
    options: TestOptions,
    open: (types: (system: ActorSystem) => readonly ActorType[]) => Promise<TestSystem>,
  ): Promise<ContainersUnderTest> {
    const metrics = new Metrics();
    let made: Containers | undefined;
    const run = await open((system) => {
      made = createContainers({
        system,
        clock: system.clock,
        ids: seededIds('containers'),
        logger: silentLogger(),
        metrics,
        watchers: [WATCHER],
        stopTimeoutS: 30,
        stopOnExit: false,
        isPortFree: async () => true,
        ...surroundings,
        ...options,
      });
      return [...made.types, watcherType];
    });
    assert.ok(made);
    const started = new ContainersUnderTest(surroundings, run, made, options, metrics);
    await made.child.start(() => {});
    await started.settled();
    return started;
  }

  /** Another process over the same engine: after a crash now, or after an orderly stop. */
  async again(how: 'crash' | 'reopen', options: TestOptions = this.options): Promise<ContainersUnderTest> {
    return ContainersUnderTest.open(this.surroundings, options, (types) => this.run[how](types as never));
  }

  get engine(): FakeEngine {
    return this.surroundings.engine;
  }

  get images(): FakeImages {
    return this.surroundings.images;
  }

  get system(): ActorSystem {
    return this.run.system;
  }

  /** Made and, unless said otherwise, started. */
  async make(draft: Partial<ContainerDraft> = {}, start = true): Promise<string> {
    const made = this.containers.create(configOf(draft), { start }, new AbortController().signal);
    let id: string | undefined;
    let failure: unknown;
    made.then(
      (value) => (id = value),
      (error: unknown) => (failure = error),
    );
    await eventually(() => id !== undefined || failure !== undefined, 'the container is made', 30_000);
    if (failure !== undefined) throw failure;
    await this.settled();
    assert.ok(id !== undefined);
    return id;
  }

  /** As an update begins: nothing is asked of the engine yet. */
  async plan(
    id: string,
    draft: Partial<ContainerDraft> = {},
    role: Role = 'pending',
    activity = 'a1',
  ): Promise<string> {
    this.system.spawn(containerAddress(id), { config: configOf(draft), role, activity });
    await this.settled();
    return id;
  }

  /** Its answer, once there is one. */
  async command(id: string, command: ContainerCommand): Promise<ContainerReply> {
    const answer = this.ask(id, command);
    let reply: ContainerReply | undefined;
    let failure: unknown;
    answer.then(
      (value) => (reply = value),
      (error: unknown) => (failure = error),
    );
    await eventually(() => reply !== undefined || failure !== undefined, `${command.type} is answered`, 30_000);
    if (failure !== undefined) throw failure;
    await this.settled();
    assert.ok(reply);
    return reply;
  }

  ask(id: string, command: ContainerCommand): Promise<ContainerReply> {
    const answer = this.containers.command(id, command, new AbortController().signal);
    answer.catch(() => {});
    return answer;
  }

  async tell(id: string, event: EventObject): Promise<void> {
    await this.system.tellStored(containerAddress(id), event);
    await this.settled();
  }

  /** As the engine link does after an event or a listing. */
  async sight(id: string): Promise<void> {
    const { engine } = this;
    await this.tell(
      id,
      engine.containers.has(id)
        ? ({ type: 'ENGINE.SEEN', container: engine.seen(id) } as EventObject)
        : { type: 'ENGINE.MISSING' },
    );
  }

  /** In steps, so that what falls due can be carried out and set new timers. */
  async advance(ms: number, stepMs = ms): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      await this.run.clock.advance(Math.min(stepMs, left));
      await this.settled();
    }
  }

  /** Until nothing has moved for a few turns of the loop: steps follow each other by themselves. */
  async settled(): Promise<void> {
    let before = '';
    for (let quiet = 0; quiet < 4; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      await this.run.system.settled();
      const states = [...this.run.system.addresses('container')].map((address) => this.system.view(address)?.state);
      const now = [...states, this.engine.calls.length, this.images.wanted.length, this.system.outboxSize].join();
      if (now !== before) quiet = 0;
      before = now;
    }
  }

  state(id: string): string | undefined {
    return this.system.view(containerAddress(id))?.state;
  }

  context(id: string): ContainerContext {
    const context = this.system.peek(containerAddress(id))?.context as ContainerContext | undefined;
    assert.ok(context, `there is no container ${id}`);
    return context;
  }

  async reaches(id: string, state: string | undefined): Promise<void> {
    await eventually(() => this.state(id) === state, `the container is ${state}, not ${this.state(id)}`, 30_000);
    await this.settled();
  }

  /** What the watcher was told, as `created map`, since the last call. */
  said(): string[] {
    const { told } = (this.system.peek(WATCHER)?.context ?? { told: [] }) as {
      told: readonly { change: string; name: string; id: string }[];
    };
    const words = told.map(({ change, name }) => `${change} ${name}`);
    const fresh = words.slice(this.heard);
    this.heard = words.length;
    return fresh;
  }

  private heard = 0;
}

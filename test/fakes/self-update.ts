import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { EventObject } from 'xstate';
import type { Download } from '../../src/actors/self-update/download/download.js';
import {
  type AgentSettings,
  createSelfUpdateAgent,
  DEFAULT_SETTINGS,
  type Installer,
  type SelfUpdateAgent,
} from '../../src/actors/self-update/index.js';
import { type Inspection, InstallerError } from '../../src/actors/self-update/installers/installer.js';
import type { ActorType } from '../../src/runtime/actor-type.js';
import { recordActor } from '../../src/runtime/inspection/recorder.js';
import { silentLogger } from '../../src/runtime/logging/log.js';
import { Metrics } from '../../src/runtime/metrics.js';
import type { ActorSystem } from '../../src/runtime/system.js';
import { eventually, type TestSystem, testSystem } from './runtime.js';

export const AGENT = 'self-update-agent/os-image';
export const URL = 'https://bundles.example/os-2.raucb';

/** A device whose every answer a test may change; calls are noted in order. */
export class FakeDevice {
  booted: string | undefined = '1.0';
  boot = 'boot-1';
  bundle: Inspection | Error = { version: '2.0', home: 'rootfs.0', slotsBefore: { 'rootfs.1': 3 } };
  /** What the next downloads and installs do: progress in percent, and how they end; `held`: not yet. */
  downloads: Step = { progress: [0], result: 3 * 1_048_576 };
  installs: Step = { progress: [], result: 'rootfs.1' };
  markFailure: ((slot: string) => Error | undefined) | undefined;
  readonly calls: string[] = [];
  readonly keys: string[] = [];
  private readonly held = new Map<string, (error?: Error) => void>();

  readonly installer: Installer = {
    kind: 'dummy',
    bootedVersion: async () => {
      await this.passing('booted');
      return this.booted;
    },
    bootId: async () => this.boot,
    inspect: async (source) => {
      this.calls.push(`inspect ${source}`);
      await this.passing('inspect');
      if (this.bundle instanceof Error) throw this.bundle;
      return this.bundle;
    },
    install: async ({ source, desiredVersion, slotsBefore, key }, onProgress, signal) => {
      this.calls.push(`install ${source} ${desiredVersion} ${JSON.stringify(slotsBefore)}`);
      this.keys.push(key);
      const target = await this.run('install', this.installs, onProgress, signal);
      return { target: String(target) };
    },
    mark: async (state, slot) => {
      this.calls.push(`mark ${state} ${slot}`);
      await this.passing(`mark ${slot}`);
      const failure = this.markFailure?.(slot);
      if (failure) throw failure;
    },
    slots: async () => [
      { name: 'rootfs.0', state: this.boot === 'boot-1' ? 'booted' : 'inactive' },
      { name: 'rootfs.1', state: this.boot === 'boot-1' ? 'inactive' : 'booted' },
    ],
  };

  readonly download: Download = async ({ url, key }, onProgress, signal) => {
    this.calls.push(`download ${url}`);
    this.keys.push(key);
    const total = typeof this.downloads.result === 'number' ? this.downloads.result : 0;
    const report = (percent: number) => onProgress({ done: Math.ceil((total * percent) / 100), total });
    const bytes = await this.run('download', this.downloads, report, signal);
    return { path: '/bundles/temp_file', bytes: Number(bytes), sha256: '' };
  };

  readonly discard = async (): Promise<void> => {
    this.calls.push('discard');
    await this.passing('discard');
  };

  /** Calls of that name wait until {@link release}. */
  hold(name: string): void {
    this.held.set(name, () => {});
  }

  /** Lets a held call go on, or fail. */
  release(name: string, error?: Error): void {
    const go = this.held.get(name);
    this.held.delete(name);
    go?.(error);
  }

  private passing(name: string, signal?: AbortSignal): Promise<void> {
    if (!this.held.has(name)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.held.set(name, (error) => (error ? reject(error) : resolve()));
      signal?.addEventListener('abort', () => reject(new Error('aborted')));
    });
  }

  private async run(
    name: string,
    { progress, result }: Step,
    report: (percent: number) => void,
    signal: AbortSignal,
  ): Promise<number | string> {
    for (const percent of progress) report(percent);
    await this.passing(name, signal);
    if (result instanceof Error) throw result;
    return result;
  }
}

export interface Step {
  readonly progress: readonly number[];
  readonly result: number | string | Error;
}

export const installerFails = (message: string): Error => new InstallerError('INSTALL_FAILED', message);

export interface Published {
  readonly topic: string;
  readonly text: string;
  readonly retain: boolean;
}

/** A self-update agent in a system of its own, spoken to as the broker would. */
export class AgentUnderTest {
  readonly published: Published[] = [];
  /** What it took and gave, as a fixture. */
  readonly recorded: string[] = [];
  /** `meta.sua` of the states it was in, repetitions left out, and the reference's state for a GET (SUA-30). */
  readonly trace: string[] = [];
  /** Keeps outputs back as a link without a broker does. */
  offline: Promise<void> = Promise.resolve();

  private constructor(
    readonly device: FakeDevice,
    readonly run: TestSystem,
    readonly parts: SelfUpdateAgent,
  ) {}

  get system(): ActorSystem {
    return this.run.system;
  }

  static async start(
    t: TestContext,
    settings: Partial<AgentSettings> = {},
    device = new FakeDevice(),
  ): Promise<AgentUnderTest> {
    const agent = await AgentUnderTest.with(device, settings, (types) => testSystem(t, types));
    return agent.begin();
  }

  /** One that has said hello to its broker. */
  static async connected(t: TestContext, settings: Partial<AgentSettings> = {}): Promise<AgentUnderTest> {
    const agent = await AgentUnderTest.start(t, settings);
    await agent.up();
    agent.published.length = 0;
    return agent;
  }

  /** Goes on with what a crash at this moment leaves, or an orderly stop. */
  async again(
    how: 'crash' | 'reopen',
    settings: Partial<AgentSettings> = {},
    device = this.device,
    atMs?: number,
  ): Promise<AgentUnderTest> {
    const next = await AgentUnderTest.with(device, settings, (types) => this.run[how](types, atMs));
    return next.begin();
  }

  private static async with(
    device: FakeDevice,
    settings: Partial<AgentSettings>,
    open: (types: readonly ActorType[]) => Promise<TestSystem>,
  ): Promise<AgentUnderTest> {
    let agent: AgentUnderTest | undefined;
    let run: TestSystem | undefined;
    const early: Published[] = [];
    const parts = createSelfUpdateAgent({
      settings: { ...DEFAULT_SETTINGS, feedbackIntervalS: 0, ...settings },
      build: '177',
      clock: {
        now: () => run?.clock.now() ?? 0,
        monotonic: () => run?.clock.monotonic() ?? 0,
        setTimeout: (callback, delayMs) => run?.clock.setTimeout(callback, delayMs),
        clearTimeout: (handle) => run?.clock.clearTimeout(handle),
      },
      logger: silentLogger(),
      metrics: new Metrics(),
      installer: device.installer,
      download: device.download,
      discard: device.discard,
      publish: async (output) => {
        const { topic, payload, retain } = output as EventObject & { topic: string; payload: string; retain: boolean };
        await agent?.offline;
        (agent?.published ?? early).push({ topic, text: payload, retain });
      },
    });
    run = await open(parts.types);
    agent = new AgentUnderTest(device, run, parts);
    agent.published.push(...early);
    return agent;
  }

  private async begin(): Promise<this> {
    const note = (): void => this.note();
    const event = (_: string, { type }: EventObject): void => {
      note();
      const isBetween = ['Connected', 'Idle'].includes(this.trace.at(-1) ?? '');
      if (type === 'GET_STATE' && isBetween) this.trace.push('SendCurrentState');
    };
    this.system.tap(AGENT, { event, started: note, restored: note, committed: note, hot: note });
    recordActor(this.system, AGENT, (line) => this.recorded.push(line));
    await this.parts.child(this.system).start(() => {});
    await this.settled();
    return this;
  }

  private note(): void {
    const snapshot = this.system.cell(AGENT)?.snapshot as { getMeta(): Record<string, { sua?: string }> } | undefined;
    const [meta] = Object.values(snapshot?.getMeta() ?? {}).filter(({ sua }) => sua !== undefined);
    if (meta?.sua !== undefined && meta.sua !== this.trace.at(-1)) this.trace.push(meta.sua);
  }

  /** Until nothing has moved for a few turns of the loop: steps follow each other by themselves. */
  async settled(): Promise<void> {
    let before: readonly unknown[] = [];
    for (let quiet = 0; quiet < 4; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      await this.system.settled();
      const now = [this.system.cell(AGENT)?.snapshot, this.published.length, this.device.calls.length];
      if (now.some((value, index) => value !== before[index])) quiet = 0;
      before = now;
    }
  }

  up = (): Promise<void> => this.tellAll(this.parts.up);
  down = (): Promise<void> => this.tellAll(this.parts.down);

  private async tellAll(tells: readonly { to: string; event: EventObject }[]): Promise<void> {
    for (const { to, event } of tells) await this.system.tellStored(to, event);
    await this.settled();
  }

  /** A message of the broker on a topic below the prefix. */
  async receive(topic: string, body: unknown): Promise<void> {
    const subscription = this.parts.subscriptions.find(({ filter }) => filter.endsWith(`/${topic}`));
    assert.ok(subscription, topic);
    const payload = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    await this.tellAll(subscription.read({ topic: subscription.filter, payload }) ?? []);
  }

  want(version: string, activityId = 'a1', url = URL): Promise<void> {
    const config = [{ key: 'image', value: url }];
    const domains = [{ id: 'self-update', components: [{ id: 'os-image', version, config }] }];
    return this.receive('desiredstate', { activityId, timestamp: 1, payload: { domains } });
  }

  command(command: string, activityId = 'a1'): Promise<void> {
    return this.receive('desiredstate/command', { activityId, timestamp: 1, payload: { command } });
  }

  get(activityId?: string): Promise<void> {
    return this.receive('currentstate/get', activityId === undefined ? '' : { activityId, payload: null });
  }

  /** DOWNLOAD, UPDATE, … in this order, each when the one before is done. */
  async commands(...names: readonly string[]): Promise<void> {
    for (const name of names) await this.command(name);
  }

  get state(): string {
    return this.system.view(AGENT)?.state ?? '';
  }

  async reaches(state: string): Promise<void> {
    await eventually(() => this.state === state, `the agent is ${state}, not ${this.state}`, 30_000);
    await this.settled();
  }

  get messages(): Message[] {
    return this.published.map(({ topic, text }) => ({ topic, ...JSON.parse(text || '{"payload":{}}') }));
  }

  get last(): Message {
    const last = this.messages.at(-1);
    assert.ok(last, 'nothing was published');
    return last;
  }

  /** The words that were published, `currentstate` among them, since the last call. */
  said(): string[] {
    const words = this.messages.map(({ payload }) => payload.status ?? 'currentstate');
    this.published.length = 0;
    return words;
  }
}

export interface Message {
  readonly topic: string;
  readonly activityId?: string;
  readonly timestamp: number;
  readonly payload: {
    readonly status?: string;
    readonly message?: string;
    readonly actions?: readonly {
      readonly component: { readonly id: string; readonly version: string };
      readonly status: string;
      readonly progress: number;
      readonly message: string;
    }[];
    readonly softwareNodes?: readonly { readonly id: string; readonly version: string; readonly name: string }[];
  };
}

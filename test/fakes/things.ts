import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { EventObject } from 'xstate';
import type {
  ContainerChanged,
  ContainerCommand,
  ContainerFacts,
  ContainerReply,
} from '../../src/actors/containers/events.js';
import type { EngineInfo, StatsSample } from '../../src/actors/engines/engine.js';
import {
  createThings,
  type Things,
  type ThingsContainers,
  type ThingsEngine,
  type ThingsSettings,
  thingsWatchers,
} from '../../src/actors/things/index.js';
import { type ContainerConfig, type ContainerStatus, completeConfig } from '../../src/protocols/containers/index.js';
import type { ActorType } from '../../src/runtime/actor-type.js';
import type { Ids } from '../../src/runtime/ids.js';
import { Metrics, silentLogger } from '../../src/runtime/index.js';
import { recordActor } from '../../src/runtime/inspection/recorder.js';
import type { ActorSystem } from '../../src/runtime/system.js';
import { eventually, type TestSystem, testSystem } from './runtime.js';

export const BRIDGE = 'things-bridge/containers';
export const METRICS_ACTOR = 'metrics/containers';
export const UPDATABLE = 'software-updatable/containers';

/** The example of THG-4. */
const DEVICE_ID = 'azure.edge:hub1.example.net:52-54-00-12-34-56';
const TENANT = 't1';
export const THING = `${DEVICE_ID}:edge:containers`;
export const EVENTS = `e/${TENANT}/${THING}`;
export const DITTO = 'azure.edge/hub1.example.net:52-54-00-12-34-56:edge:containers';
export const ANSWER = { deviceId: DEVICE_ID, tenantId: TENANT };

export const configOf = (name: string, image: string, changes: Partial<ContainerConfig> = {}): ContainerConfig => {
  const completed = completeConfig({ name, image });
  assert.ok(completed.ok, image);
  return { ...completed.value, ...changes };
};

export const SAMPLE: StatsSample = {
  cpuNs: 1_000,
  hostCpuNs: 100_000,
  memoryBytes: 3_000,
  inactiveFileBytes: 1_000,
  memoryLimitBytes: 8_000,
  readBytes: 11,
  writeBytes: 12,
  rxBytes: 13,
  txBytes: 14,
  pids: 2,
};

/** Containers without an engine; whoever watches is told of their changes. */
export class FakeContainers implements ThingsContainers {
  readonly calls: string[] = [];
  /** That starts were asked for by. */
  readonly steps: string[] = [];
  readonly facts = new Map<string, ContainerFacts>();
  /** What the next calls of a kind fail with: `create`, `START`… */
  readonly failures = new Map<string, string>();
  /** What the last container was to be made as. */
  asked = { key: '', activity: '' };
  /** Calls that wait, by kind, until {@link release}. */
  private readonly held = new Map<string, () => void>();

  constructor(private readonly changed: (event: ContainerChanged) => void) {}

  all = (): readonly ContainerFacts[] => [...this.facts.values()];
  find = (id: string): ContainerFacts | undefined => this.facts.get(id);

  hold(kind: string): void {
    this.held.set(kind, () => {});
  }

  release(kind: string): void {
    const go = this.held.get(kind);
    this.held.delete(kind);
    go?.();
  }

  /** There already, and nobody is told. */
  put(id: string, config: ContainerConfig, status: ContainerStatus = 'Running', activity = ''): ContainerFacts {
    const facts: ContainerFacts = {
      id,
      config: { ...config, name: config.name || id },
      role: 'current',
      activity,
      state: stateOf(status),
      created: '2026-01-01T00:00:00Z',
      restartCount: 0,
      manuallyStopped: false,
      startedBefore: false,
      restartAt: null,
      lastError: '',
    };
    this.facts.set(id, facts);
    return facts;
  }

  /** Changes what is there, and tells. */
  change(id: string, change: ContainerChanged['change'], changes: Partial<ContainerFacts> = {}): void {
    const before = this.facts.get(id);
    assert.ok(before, id);
    if (change === 'removed') this.facts.delete(id);
    else this.facts.set(id, { ...before, ...changes });
    this.changed({ type: 'CONTAINER.CHANGED', id, name: before.config.name, role: before.role, change });
  }

  to(id: string, change: ContainerChanged['change'], status: ContainerStatus): void {
    this.change(id, change, { state: stateOf(status) });
  }

  create: ThingsContainers['create'] = async (config, { start, activity = '', id = '' }, signal) => {
    this.asked = { key: id, activity };
    this.calls.push(`create ${config.image}${start ? ' and start' : ''}`);
    await this.passing('create', signal);
    if (this.facts.has(id)) throw new Error(`container with id = ${id} already exists`);
    this.put(id, config, 'Created', activity);
    this.to(id, 'created', 'Created');
    if (start) this.to(id, 'running', 'Running');
    return id;
  };

  command: ThingsContainers['command'] = async (id, command, signal) => {
    const { step, ...asked } = command as ContainerCommand & { readonly step?: string };
    this.calls.push(`${id} ${JSON.stringify(asked)}`);
    if (step !== undefined) this.steps.push(step);
    try {
      await this.passing(command.type, signal);
    } catch (error) {
      return { ok: false, error: (error as Error).message };
    }
    this.obey(id, command);
    return { ok: true } satisfies ContainerReply;
  };

  private obey(id: string, command: ContainerCommand): void {
    const facts = this.facts.get(id);
    if (!facts) return;
    const { config } = facts;
    switch (command.type) {
      case 'START':
        this.to(id, 'running', 'Running');
        break;
      case 'STOP':
        this.to(id, 'stopped', 'Stopped');
        break;
      case 'PAUSE':
        this.to(id, 'paused', 'Paused');
        break;
      case 'RESUME':
        this.to(id, 'resumed', 'Running');
        break;
      case 'RENAME':
        this.change(id, 'renamed', { config: { ...config, name: command.name } });
        break;
      case 'UPDATE': {
        const { type: _, replyTo: __, ...limits } = command;
        this.change(id, 'updated', { config: { ...config, ...limits } });
        break;
      }
      case 'REMOVE':
        this.change(id, 'removed');
        break;
      default:
    }
  }

  private async passing(kind: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.held.has(kind)) {
      await new Promise<void>((resolve, reject) => {
        this.held.set(kind, resolve);
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    }
    const failure = this.failures.get(kind);
    if (failure !== undefined) throw new Error(failure);
  }
}

export const stateOf = (status: ContainerStatus): ContainerFacts['state'] => ({
  status,
  pid: status === 'Running' || status === 'Paused' ? 42 : -1,
  exitCode: 0,
  error: '',
  startedAt: status === 'Created' ? '' : '2026-01-01T00:00:01Z',
  finishedAt: '',
  oomKilled: false,
});

/** `c1`, `c2`, … */
export function countedIds(): Ids {
  let count = 0;
  return { uuid: () => `c${++count}`, uniform: () => 0 };
}

/** An engine that counts what it is told to. */
export class FakeStats implements ThingsEngine {
  readonly samples = new Map<string, StatsSample | Error>();
  machine: EngineInfo | Error = { name: 'fake', version: '1', memoryBytes: 4_000, cpus: 4 };
  /** Ids asked for, in order. */
  readonly asked: string[] = [];

  info = async (): Promise<EngineInfo> => {
    if (this.machine instanceof Error) throw this.machine;
    return this.machine;
  };

  stats = async (id: string): Promise<StatsSample | undefined> => {
    this.asked.push(id);
    const sample = this.samples.get(id);
    if (sample instanceof Error) throw sample;
    return sample;
  };
}

export interface Published {
  readonly topic: string;
  readonly payload: string;
}

/** A message as Ditto reads it. */
export interface Read {
  readonly topic: string;
  readonly headers: Record<string, unknown>;
  readonly path: string;
  readonly value?: unknown;
  readonly status?: number;
}

/** The things role in a system of its own, spoken to as the broker would. */
export class ThingsUnderTest {
  readonly recorded: string[] = [];

  private constructor(
    readonly run: TestSystem,
    /** Publications, and changes of subscriptions as `+FILTER` and `-FILTER`. */
    readonly wire: Array<Published | string>,
    readonly parts: Things,
    readonly containers: FakeContainers,
    readonly engine: FakeStats,
    private readonly broker: { isSilent: boolean },
  ) {}

  /** What is published from now on is never acknowledged. */
  silence(): void {
    this.broker.isSilent = true;
  }

  get system(): ActorSystem {
    return this.run.system;
  }

  static async start(
    t: TestContext,
    settings: Partial<ThingsSettings> = {},
    prepare: (containers: FakeContainers) => void = () => {},
    open: (types: (system: ActorSystem) => readonly ActorType[]) => Promise<TestSystem> = (types) =>
      testSystem(t, types),
  ): Promise<ThingsUnderTest> {
    const engine = new FakeStats();
    let parts: Things | undefined;
    let system: ActorSystem | undefined;
    const wire: ThingsUnderTest['wire'] = [];
    const broker = { isSilent: false };
    const containers = new FakeContainers((event) => {
      for (const to of thingsWatchers) void system?.tellStored(to, event as never);
    });
    prepare(containers);
    const run = await open((opened) => {
      system = opened;
      parts = createThings({
        settings: { features: ['ContainerFactory', 'SoftwareUpdatable', 'Metrics'], ...settings },
        containers,
        engine,
        system: opened,
        clock: opened.clock,
        ids: countedIds(),
        logger: silentLogger(),
        metrics: new Metrics(),
        publish: async (output) => {
          const { topic, payload } = output as EventObject & Published;
          if (broker.isSilent) await new Promise<never>(() => {});
          wire.push({ topic, payload });
        },
        subscribe: (output) => {
          const { type, filter } = output as EventObject & { filter: string };
          wire.push(`${type === 'mqtt.subscribe' ? '+' : '-'}${filter}`);
        },
      });
      return parts.types;
    });
    assert.ok(parts);
    const things = new ThingsUnderTest(run, wire, parts, containers, engine, broker);
    for (const address of [BRIDGE, METRICS_ACTOR, UPDATABLE]) {
      recordActor(run.system, address, (line) => things.recorded.push(line));
    }
    await parts.child.start(() => {});
    await things.settled();
    return things;
  }

  /** One that knows its device; `wire` begins after that. */
  static async known(
    t: TestContext,
    settings: Partial<ThingsSettings> = {},
    prepare?: (containers: FakeContainers) => void,
  ): Promise<ThingsUnderTest> {
    const things = await ThingsUnderTest.start(t, settings, prepare);
    await things.up();
    await things.named();
    things.wire.length = 0;
    return things;
  }

  /** Goes on with what a crash at this moment leaves, with the same containers. */
  async again(t: TestContext, how: 'crash' | 'reopen' = 'crash'): Promise<ThingsUnderTest> {
    const { facts } = this.containers;
    const prepare = (containers: FakeContainers): void => {
      for (const [id, each] of facts) containers.facts.set(id, each);
    };
    return ThingsUnderTest.start(t, {}, prepare, (types) => this.run[how](types));
  }

  async settled(): Promise<void> {
    let before: readonly unknown[] = [];
    for (let quiet = 0; quiet < 4; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      await this.system.settled();
      const snapshots = [BRIDGE, METRICS_ACTOR, UPDATABLE].map((address) => this.system.cell(address)?.snapshot);
      const now = [...snapshots, this.wire.length, this.containers.calls.length];
      if (now.some((value, index) => value !== before[index])) quiet = 0;
      before = now;
    }
  }

  up = (): Promise<void> => this.tellAll(this.parts.up);
  down = (): Promise<void> => this.tellAll(this.parts.down);

  /** The cloud connector's answer. */
  named = (answer: object = ANSWER): Promise<void> => this.receive('edge/thing/response', JSON.stringify(answer));

  async receive(topic: string, payload: string, retain = false): Promise<void> {
    const filter = topic.startsWith('command/') ? 'command//+/req/#' : topic;
    const subscription = this.parts.subscriptions.find((each) => each.filter === filter);
    assert.ok(subscription, topic);
    await this.tellAll(subscription.read({ topic, payload: Buffer.from(payload), retain }) ?? []);
  }

  private async tellAll(tells: readonly { to: string; event: EventObject }[]): Promise<void> {
    for (const { to, event } of tells) await this.system.tellStored(to, event);
    await this.settled();
  }

  /** An operation as the cloud asks for it. */
  async ask(feature: string, operation: string, value?: unknown, changes: object = {}): Promise<void> {
    await this.receive(
      `command//${THING}/req/r1/${operation}`,
      JSON.stringify(request(feature, operation, value, changes)),
    );
  }

  state(address: string): string {
    return this.system.view(address)?.state ?? '';
  }

  async advance(ms: number): Promise<void> {
    await this.run.clock.advance(ms);
    await this.settled();
  }

  /** What came out since the last call. */
  taken(): Array<Published | string> {
    return this.wire.splice(0);
  }

  /** Twin modifications since the last call: path below `/features/` and value. */
  twin(): Array<readonly [path: string, value?: unknown]> {
    return this.taken().flatMap((each) => {
      if (typeof each === 'string' || each.topic !== EVENTS) return [];
      const { topic, path, value } = JSON.parse(each.payload) as Read;
      const short = path.replace('/features/', '');
      return [topic.endsWith('/delete') ? [`delete ${short}`] : [short, value]];
    });
  }

  /** What the only answer since the last call refuses its operation with. */
  refusal(): string {
    return (this.answer()?.read.value as { message?: string } | undefined)?.message ?? '';
  }

  async reaches(address: string, state: string): Promise<void> {
    await eventually(() => this.state(address) === state, `${address} is ${state}`, 30_000);
    await this.settled();
  }

  /** The only answer since the last call: the end of its topic, and itself. */
  answer(): { readonly to: string; readonly read: Read } | undefined {
    const found = this.taken().filter(
      (each): each is Published => typeof each !== 'string' && each.topic.includes('/res/'),
    );
    assert.ok(found.length <= 1, JSON.stringify(found));
    const [only] = found;
    return only && { to: only.topic.replace(`command//${THING}/res/`, ''), read: JSON.parse(only.payload) as Read };
  }
}

/** Descriptors over HTTP, each on a path of its own. */
export class DescriptorServer {
  readonly answers = new Map<string, (response: ServerResponse, request: IncomingMessage) => void>();
  readonly requests: string[] = [];

  private constructor(private readonly server: Server) {}

  static async start(t: Pick<TestContext, 'after'>): Promise<DescriptorServer> {
    const server = createServer((request, response) => {
      fake.requests.push(request.url ?? '');
      const answer = fake.answers.get(request.url ?? '');
      if (answer) answer(response, request);
      else response.writeHead(404).end('not here');
    });
    const fake = new DescriptorServer(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** An artifact whose link leads here. */
  artifact(path: string, body: string | object, checksums?: object): object {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    this.answers.set(path, (response) => response.end(text));
    return this.link(path, checksums);
  }

  link(path: string, checksums?: object): object {
    return { filename: 'd.json', size: 1, download: { HTTP: { url: `${this.url}${path}`, md5url: '' } }, checksums };
  }
}

export const request = (feature: string, operation: string, value?: unknown, changes: object = {}): object => ({
  topic: `${DITTO}/things/live/messages/${operation}`,
  headers: {
    'correlation-id': 'c-1',
    'response-required': true,
    ...(value === undefined ? {} : { 'content-type': 'application/json' }),
  },
  path: `/features/${feature}/inbox/messages/${operation}`,
  value,
  ...changes,
});

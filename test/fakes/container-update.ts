import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { EventObject } from 'xstate';
import { agentAddress, inventoryAddress } from '../../src/actors/container-update/events.js';
import {
  type AgentSettings,
  type ContainerUpdateAgent,
  createContainerUpdateAgent,
  DEFAULT_AGENT_SETTINGS,
} from '../../src/actors/container-update/index.js';
import type { KeyValue } from '../../src/protocols/update-agent/index.js';
import { seededIds } from '../../src/runtime/ids.js';
import { recordActor } from '../../src/runtime/inspection/recorder.js';
import { type Logger, silentLogger } from '../../src/runtime/logging/log.js';
import { Metrics } from '../../src/runtime/metrics.js';
import type { ActorSystem } from '../../src/runtime/system.js';
import { eventually, type TestSystem, testSystem, turnsOfLoop } from './runtime.js';
import { ScriptedContainers } from './scripted-containers.js';

export const AGENT = agentAddress('containers');
export const INVENTORY = inventoryAddress('containers');

export interface Component {
  readonly id: string;
  readonly version?: string;
  readonly config?: readonly KeyValue[];
}

/** `map:2` wants image `map:2` for container `map`. */
export const component = (image: string, config: Readonly<Record<string, string>> = {}): Component => {
  const [id = '', version = ''] = image.split(':');
  const entries = Object.entries({ image, ...config });
  return { id, version, config: entries.map(([key, value]) => ({ key, value })) };
};

export interface Payload {
  readonly status?: string;
  readonly baseline?: string;
  readonly message?: string;
  readonly actions?: readonly {
    readonly component: { readonly id: string; readonly version?: string };
    readonly status: string;
    readonly message?: string;
    readonly progress?: number;
  }[];
  readonly softwareNodes?: readonly { readonly id: string; readonly version?: string; readonly name?: string }[];
}

export interface Message {
  readonly topic: string;
  readonly retain: boolean;
  readonly activityId: string;
  readonly timestamp: number;
  readonly payload: Payload;
}

export interface Logged {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** An update agent for containers in a system of its own, spoken to as the broker would. */
export class ContainerAgent {
  readonly messages: Message[] = [];
  /** Keeps outputs back as a link without a broker does. */
  private offline: Promise<void> = Promise.resolve();
  /** What the agent took and gave, as a fixture. */
  readonly recorded: string[] = [];
  private timestamp = 1;

  private constructor(
    readonly containers: ScriptedContainers,
    readonly run: TestSystem,
    readonly parts: ContainerUpdateAgent,
    readonly logged: Logged[],
  ) {}

  get system(): ActorSystem {
    return this.run.system;
  }

  static async start(
    t: TestContext,
    settings: Partial<AgentSettings> = {},
    prepare: (containers: ScriptedContainers) => Promise<unknown> = async () => {},
  ): Promise<ContainerAgent> {
    const containers = new ScriptedContainers();
    const agent = await ContainerAgent.with(containers, settings, (types) => testSystem(t, types));
    await prepare(containers);
    return agent.begin();
  }

  /** Goes on with what a crash at this moment leaves, or an orderly stop. */
  async again(how: 'crash' | 'reopen', settings: Partial<AgentSettings> = {}): Promise<ContainerAgent> {
    const next = await ContainerAgent.with(this.containers, settings, (types) => this.run[how](types));
    return next.begin();
  }

  private static async with(
    containers: ScriptedContainers,
    settings: Partial<AgentSettings>,
    open: (types: (system: ActorSystem) => ContainerUpdateAgent['types']) => Promise<TestSystem>,
  ): Promise<ContainerAgent> {
    const early: Message[] = [];
    const logged: Logged[] = [];
    let agent: ContainerAgent | undefined;
    let parts: ContainerUpdateAgent | undefined;
    const run = await open((system) => {
      parts = createContainerUpdateAgent({
        settings: { ...DEFAULT_AGENT_SETTINGS, version: '1.2.3', ...settings },
        containers,
        system,
        clock: system.clock,
        ids: seededIds(7),
        logger: noting(logged),
        metrics: new Metrics(),
        publish: async (output) => {
          await agent?.offline;
          const { topic, payload, retain } = output as EventObject & {
            topic: string;
            payload: string;
            retain: boolean;
          };
          (agent?.messages ?? early).push({ topic, retain, ...JSON.parse(payload) });
        },
      });
      containers.attach(system);
      return [containers.type, ...parts.types];
    });
    assert.ok(parts);
    agent = new ContainerAgent(containers, run, parts, logged);
    agent.messages.push(...early);
    return agent;
  }

  private async begin(): Promise<this> {
    recordActor(this.system, AGENT, (line) => this.recorded.push(line));
    await this.parts.child.start(() => {});
    await this.settled();
    return this;
  }

  /** Until nothing has moved for a few turns of the loop: steps follow each other by themselves. */
  async settled(): Promise<void> {
    let before: readonly unknown[] = [];
    for (let quiet = 0; quiet < 6; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      await this.system.settled();
      const now = [this.system.cell(AGENT)?.snapshot, this.messages.length, this.containers.calls.length];
      if (now.some((value, index) => value !== before[index])) quiet = 0;
      before = now;
    }
  }

  /** From now on nothing that is published gets through. */
  hold(): void {
    this.offline = new Promise(() => {});
  }

  up = (): Promise<void> => this.tellAll(this.parts.up);
  down = (): Promise<void> => this.tellAll(this.parts.down);

  private async tellAll(tells: readonly { to: string; event: EventObject }[]): Promise<void> {
    for (const { to, event } of tells) await this.system.tellStored(to, event);
    await this.settled();
  }

  /** A message of the broker on a topic below the prefix. */
  async receive(topic: string, body: unknown): Promise<void> {
    const subscription = this.parts.subscriptions.find(({ filter }) => filter === `containersupdate/${topic}`);
    assert.ok(subscription, topic);
    const payload = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    await this.tellAll(subscription.read({ topic: subscription.filter, payload }) ?? []);
  }

  /** A desired state of these components; `map:2` is short for one. */
  want(
    components: readonly (string | Component)[],
    activityId = 'a1',
    more: { readonly baselines?: readonly object[]; readonly config?: readonly KeyValue[] } = {},
  ): Promise<void> {
    const { baselines = [], config = [] } = more;
    const full = components.map((each) => (typeof each === 'string' ? component(each) : each));
    const domains = [{ id: 'containers', config, components: full }];
    return this.receive('desiredstate', { activityId, timestamp: 1, payload: { baselines, domains } });
  }

  command(command: string, baseline?: string, activityId = 'a1', timestamp = ++this.timestamp): Promise<void> {
    return this.receive('desiredstate/command', { activityId, timestamp, payload: { command, baseline } });
  }

  /** One after the other, each when the one before is done. */
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

  /** Until something is so, while time passes: who is gone is missed after a while only. */
  async passes(condition: () => boolean, what: string): Promise<void> {
    const end = performance.now() + 60_000;
    while (!condition()) {
      assert.ok(performance.now() < end, what);
      await turnsOfLoop(20);
      await this.run.clock.advance(250);
    }
    await this.settled();
  }

  get feedbacks(): Message[] {
    return this.messages.filter(({ topic }) => topic === 'containersupdate/desiredstatefeedback');
  }

  /** Statuses of the feedback since the last call. */
  said(): string[] {
    return this.table().map(([status = '']) => status);
  }

  /** Status of each feedback since the last call, then of its actions in order. */
  table(): string[][] {
    const rows = this.feedbacks.map(({ payload: { status = '', actions = [] } }) => [
      status,
      ...actions.map((action) => action.status),
    ]);
    this.messages.length = 0;
    return rows;
  }

  get last(): Message {
    const last = this.feedbacks.at(-1);
    assert.ok(last, 'there was feedback');
    return last;
  }

  logs(message: string): Logged[] {
    return this.logged.filter((line) => line.message === message);
  }
}

function noting(logged: Logged[]): Logger {
  const silent = silentLogger();
  const note =
    (level: string) =>
    (fields: object, message = ''): void => {
      logged.push({ level, message, fields: fields as Logged['fields'] });
    };
  const logger = Object.create(silent, {
    info: { value: note('info') },
    warn: { value: note('warn') },
    error: { value: note('error') },
  }) as Logger;
  return Object.defineProperty(logger, 'child', { value: () => logger });
}

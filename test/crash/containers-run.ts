import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Backend } from '../fakes/backend.js';
import type { Row } from '../fakes/containers-vehicle.js';
import { containersDomain, type Wish } from '../fakes/desired-containers.js';
import { type Ending, Mosquitto } from '../fakes/mosquitto.js';
import { temporaryFolder } from '../fakes/runtime.js';
import type { CrashEngine, MakeEngine, Tag } from './container-engines.js';
import { ContainersCloud } from './containers-cloud.js';
import { configOf } from './containers-config.js';
import type { ContainersScenario } from './containers-scenarios.js';
import { type ChartState, KilledVehicle, type RestartOptions } from './killed-vehicle.js';
import type { RunScenario } from './matrix.js';
import { RunScope } from './run-scope.js';

const AGENT = 'containersupdate';
const AGENT_SAYS = `${AGENT}/desiredstatefeedback`;
const MANAGER_SAYS = 'vehicleupdate/desiredstatefeedback';

/** A container as the vehicle shows it. */
export interface ShownContainer extends Row {
  readonly role: string;
  readonly restartCount: number;
}

/** What scenarios came to, ids and times left out. */
export interface ContainersOutcome {
  /** Each message of the agent, by activity, repetitions left out. */
  readonly agent: Readonly<Record<string, readonly string[]>>;
  /** Terminal feedback of the manager likewise, and its commands. */
  readonly manager: Readonly<Record<string, readonly string[]>>;
  readonly containers: readonly string[];
  readonly engine: readonly string[];
  readonly traces: readonly string[];
  /** What the cloud knows. */
  readonly twin: readonly string[];
}

/** Each run has a broker, a vehicle and containers of its own; those are removed in the end. */
export function containersWorld(makeEngine: MakeEngine): RunScenario<ContainersScenario, ContainersOutcome> {
  return async (scenario, kill) => {
    const scope = new RunScope();
    try {
      const broker = await Mosquitto.start(scope);
      const run = await ContainersRun.start(scope, { scenario, broker, makeEngine, kill });
      await scenario.drive(run);
      await run.settled();
      const outcome = await run.outcome();
      return { outcome, states: run.vehicle.statesThatCount, wasKilled: run.vehicle.kills > 0 };
    } finally {
      await scope.close();
    }
  };
}

interface RunOptions {
  readonly scenario: ContainersScenario;
  readonly broker: Mosquitto;
  readonly makeEngine: MakeEngine;
  readonly kill: ChartState | undefined;
}

/** One vehicle with its containers, and what goes on around it. */
export class ContainersRun {
  private knownCloud: ContainersCloud | undefined;

  private constructor(
    readonly vehicle: KilledVehicle,
    readonly backend: Backend,
    readonly engine: CrashEngine,
    private readonly scenario: ContainersScenario,
    private readonly folder: string,
  ) {}

  static async start(scope: Ending, { scenario, broker, makeEngine, kill }: RunOptions): Promise<ContainersRun> {
    const folder = temporaryFolder(scope);
    const engine = makeEngine(folder);
    const file = join(folder, 'vehicle.json');
    writeFileSync(file, JSON.stringify(configOf(folder, scenario, broker, engine)));
    mkdirSync(join(folder, 'descriptors'));
    const url = `mqtt://${broker.address}`;
    const backend = await Backend.connect(scope, url);
    const vehicle = new KilledVehicle(file, kill, false);
    const run = new ContainersRun(vehicle, backend, engine, scenario, folder);
    scope.after(() => run.removeAll());
    vehicle.start();
    if (scenario.hasCloud) run.knownCloud = await ContainersCloud.start(scope, url, vehicle);
    await vehicle.isUp();
    await backend.knows('containers-update-agent', scenario.isUnmanaged ? `${AGENT}/currentstate` : undefined);
    return run;
  }

  /** Of a scenario that has one. */
  get cloud(): ContainersCloud {
    assert.ok(this.knownCloud);
    return this.knownCloud;
  }

  async desire(activityId: string, wishes: readonly Wanted[]): Promise<void> {
    await this.backend.desireAll(activityId, [containersDomain(this.imaged(wishes))]);
  }

  async ends(activityId: string): Promise<void> {
    const isOver = (): boolean =>
      this.backend.statuses(MANAGER_SAYS, activityId).some((status) => !UNDER_WAY.test(status));
    await this.vehicle.until(isOver, `${activityId} ends`);
  }

  async update(activityId: string, wishes: readonly Wanted[]): Promise<void> {
    await this.desire(activityId, wishes);
    await this.ends(activityId);
  }

  /** To the agent, where there is no manager: a desired state with baselines of components. */
  async desireOfAgent(
    activityId: string,
    wishes: readonly Wanted[],
    baselines: Readonly<Record<string, readonly string[]>> = {},
  ): Promise<void> {
    await this.sayToAgent('desiredstate', activityId, {
      baselines: Object.entries(baselines).map(([title, names]) => ({
        title,
        components: names.map((name) => `containers:${name}`),
      })),
      domains: [containersDomain(this.imaged(wishes))],
    });
  }

  /** Likewise a command, until the agent says what it came to. */
  async command(activityId: string, command: string, result: string, baseline?: string): Promise<void> {
    const isOf = (each: Backend['heard'][number]): boolean =>
      each.topic === AGENT_SAYS && each.activityId === activityId && each.status === result;
    await this.sayToAgent('desiredstate/command', activityId, { command, ...(baseline ? { baseline } : {}) });
    await this.vehicle.until(
      () => this.backend.heard.some((each) => isOf(each) && (each as { baseline?: string }).baseline === baseline),
      `${command} of ${activityId} is carried out`,
    );
  }

  /** Puts descriptors in the place of those that were there, and waits until the next process has deployed them. */
  async deploy(wishes: readonly Wanted[], { arms = false } = {}): Promise<void> {
    const descriptors = join(this.folder, 'descriptors');
    rmSync(descriptors, { recursive: true });
    mkdirSync(descriptors);
    for (const { name, image } of this.imaged(wishes)) {
      writeFileSync(join(descriptors, `${name}.json`), JSON.stringify(descriptorOf(name, image)));
    }
    await this.vehicle.restart({ arms });
    const before = this.vehicle.states.length;
    const seen = (): readonly ChartState[] =>
      this.vehicle.states.slice(before).filter(({ type }) => type === 'deployment');
    await this.vehicle.until(() => seen().length > 1 && seen().at(-1)?.state === 'resting', 'all is deployed');
  }

  /** A restart, which counts from its beginning. */
  async restartArmed(between: NonNullable<RestartOptions['between']> = () => {}): Promise<void> {
    await this.vehicle.restart({ arms: true, between });
    await this.vehicle.isUp();
  }

  /** By hand, until a container has the status: a process that is killed meanwhile has heard it, or not. */
  async asks(name: string, command: 'pause' | 'resume' | 'stop' | 'start', status: string): Promise<void> {
    await this.shows(async (rows) => {
      const row = rows.find((each) => each.name === name && each.role === 'current');
      if (row?.status === status) return true;
      if (row) {
        const url = `${this.vehicle.http}/api/v1/containers/${row.id}/${command}`;
        await fetch(url, { method: 'POST' }).catch(() => undefined);
      }
      return false;
    });
  }

  /** Id of a container that takes part. */
  async idOf(name: string): Promise<string> {
    let id = '';
    await this.shows((rows) => {
      id = rows.find((each) => each.name === name && each.role === 'current')?.id ?? '';
      return id !== '';
    });
    return id;
  }

  descriptor(name: string, tag: Tag): object {
    return descriptorOf(name, this.engine.image(name, tag));
  }

  /** Waits for what the vehicle shows, which is not about to be killed. */
  async shows(isExpected: (rows: readonly ShownContainer[]) => boolean | Promise<boolean>): Promise<void> {
    await this.vehicle.until(async () => {
      const rows = this.vehicle.isDoomed ? undefined : await this.rows();
      if (rows && (await isExpected(rows))) return true;
      // It has other work than to answer.
      await pause(LOOK_AGAIN_MS);
      return false;
    }, 'containers are as they are to be');
  }

  /** Waits until nothing is left to be done, and no process left to be killed. */
  async settled(): Promise<void> {
    const { vehicle } = this;
    const isAtRest = (): boolean =>
      !vehicle.isDoomed &&
      vehicle.http !== undefined &&
      AT_REST.every(([type, state]) => state.test(vehicle.last(type))) &&
      (!this.scenario.hasCloud || vehicle.last('things-bridge') === 'known');
    await vehicle.until(isAtRest, 'rest');
    await this.shows((rows) => isAtRest() && rows.every(({ status }) => SETTLED.test(status)));
    await vehicle.until(async () => {
      if (await this.hasSaidAll()) return true;
      await pause(LOOK_AGAIN_MS);
      return false;
    }, 'all is said');
    await this.backend.caughtUp();
    if (this.scenario.hasCloud) await this.cloud.isHeard();
  }

  async outcome(): Promise<ContainersOutcome> {
    let rows: readonly ShownContainer[] = [];
    await this.shows((shown) => {
      rows = shown;
      return true;
    });
    await this.vehicle.end();
    const found = await this.engine.open().list(undefined, NEVER);
    const { heard } = this.backend;
    const ids = [...new Set(heard.map(({ activityId }) => activityId))].filter((id) => ACTIVITY.test(id)).sort();
    const byId = (read: (id: string) => readonly string[]) =>
      Object.fromEntries(ids.map((id) => [id, [...new Set(read(id))]]));
    return {
      agent: byId((id) =>
        heard.flatMap((each) =>
          each.topic === AGENT_SAYS && each.activityId === id ? said(each).replaceAll(this.folder, 'FOLDER') : [],
        ),
      ),
      manager: byId((id) => [
        ...this.backend.statuses(MANAGER_SAYS, id).filter((status) => !UNDER_WAY.test(status)),
        ...this.backend.commands(id),
      ]),
      containers: rows
        .map(({ name, image, role, status, restartCount }) => [name, image, role, status, restartCount].join(' '))
        .sort(),
      engine: found.map(({ name, image, status, owner }) => `${name} ${image} ${status} ${owner}`).sort(),
      traces: this.engine.traces(),
      twin: this.knownCloud?.lines(new Map(rows.map(({ id, name }) => [id, name]))) ?? [],
    };
  }

  private async removeAll(): Promise<void> {
    await this.vehicle.end();
    const engine = this.engine.open();
    const found = await engine.list(undefined, NEVER);
    await Promise.all(found.map(({ id }) => engine.remove(id, NEVER)));
    await this.backend.mqtt.endAsync(true);
  }

  private imaged(wishes: readonly Wanted[]): Wish[] {
    return wishes.map(({ name, tag, config = {} }) => ({ name, image: this.engine.image(name, tag), config }));
  }

  private async sayToAgent(topic: string, activityId: string, payload: object): Promise<void> {
    const message = JSON.stringify({ activityId, timestamp: 1, payload });
    await this.backend.mqtt.publishAsync(`${AGENT}/${topic}`, message, { qos: 1 });
  }

  /** Whether the broker has taken what the vehicle had to say. */
  private async hasSaidAll(): Promise<boolean> {
    const answer = await fetch(`${this.vehicle.http}/metrics`).catch(() => undefined);
    return answer?.ok === true && /^runtime_outbox_size 0$/m.test(await answer.text());
  }

  /** Undefined while there is no vehicle. */
  private async rows(): Promise<readonly ShownContainer[] | undefined> {
    const answer = await fetch(`${this.vehicle.http}/api/v1/containers`).catch(() => undefined);
    if (!answer?.ok) return undefined;
    return ((await answer.json()) as { containers: ShownContainer[] }).containers;
  }
}

export interface Wanted extends Omit<Wish, 'image'> {
  readonly tag: Tag;
}

const NEVER = new AbortController().signal;
const LOOK_AGAIN_MS = 20;
const UNDER_WAY = /^(?:IDENTIFYING|IDENTIFIED|RUNNING)$/;
const SETTLED = /^(?:Running|Stopped|Exited|Created|Dead)$/;
/** Of an update; inventories have ids, too. */
const ACTIVITY = /^[a-z]+$/;
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
/** Charts that have nothing to do, if they are there. */
const AT_REST: readonly (readonly [type: string, state: RegExp])[] = [
  ['container-update-agent', /^idle$/],
  ['update-manager', /^(?:idle)?$/],
  ['deployment', /^(?:resting)?$/],
  ['software-updatable', /^(?:idle)?$/],
];

const descriptorOf = (name: string, image: string): object => ({ container_name: name, image: { name: image } });

/** A message without what differs from run to run. */
const said = ({ topic: _, activityId: __, ...feedback }: Backend['heard'][number]): string =>
  JSON.stringify(feedback).replace(UUID, 'UUID');

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Backend } from '../fakes/backend.js';
import type { Row } from '../fakes/containers-vehicle.js';
import { containersDomain, type Wish } from '../fakes/desired-containers.js';
import { Mosquitto } from '../fakes/mosquitto.js';
import { temporaryFolder } from '../fakes/runtime.js';
import type { CrashEngine, MakeEngine, Tag } from './container-engines.js';
import type { ContainersScenario } from './containers-scenarios.js';
import { type ChartState, KilledVehicle } from './killed-vehicle.js';
import type { RunScenario } from './matrix.js';

const AGENT_SAYS = 'containersupdate/desiredstatefeedback';
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
}

/** Each run has a broker, a vehicle and containers of its own; those are removed in the end. */
export function containersWorld(
  t: TestContext,
  makeEngine: MakeEngine,
): RunScenario<ContainersScenario, ContainersOutcome> {
  return async (scenario, kill) => {
    const broker = await Mosquitto.start(t);
    const run = await ContainersRun.start(t, { scenario, broker, makeEngine, kill });
    try {
      await scenario.drive(run);
      await run.settled();
      const outcome = await run.outcome();
      return { outcome, states: run.vehicle.statesThatCount, wasKilled: run.vehicle.kills > 0 };
    } finally {
      await run.close();
      await broker.kill();
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
  private constructor(
    readonly vehicle: KilledVehicle,
    readonly backend: Backend,
    readonly broker: Mosquitto,
    private readonly engine: CrashEngine,
    private readonly folder: string,
  ) {}

  static async start(t: TestContext, { scenario, broker, makeEngine, kill }: RunOptions): Promise<ContainersRun> {
    const folder = temporaryFolder(t);
    const engine = makeEngine(folder);
    const file = join(folder, 'vehicle.json');
    writeFileSync(file, JSON.stringify(configOf(folder, scenario, broker, engine)));
    mkdirSync(join(folder, 'descriptors'));
    const backend = await Backend.connect(t, `mqtt://${broker.address}`);
    const vehicle = new KilledVehicle(file, kill, false);
    vehicle.start();
    const run = new ContainersRun(vehicle, backend, broker, engine, folder);
    t.after(() => vehicle.end());
    await vehicle.isUp();
    await backend.knows('containers-update-agent');
    return run;
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

  /** Puts descriptors in the place of those that were there, and waits until the next process has deployed them. */
  async deploy(wishes: readonly Wanted[], { arms = false } = {}): Promise<void> {
    const descriptors = join(this.folder, 'descriptors');
    rmSync(descriptors, { recursive: true });
    mkdirSync(descriptors);
    for (const { name, image } of this.imaged(wishes)) {
      writeFileSync(
        join(descriptors, `${name}.json`),
        JSON.stringify({ container_name: name, image: { name: image } }),
      );
    }
    await this.vehicle.restart({ arms });
    const before = this.vehicle.states.length;
    const seen = (): readonly ChartState[] =>
      this.vehicle.states.slice(before).filter(({ type }) => type === 'deployment');
    await this.vehicle.until(() => seen().length > 1 && seen().at(-1)?.state === 'resting', 'all is deployed');
  }

  /** Waits for what the vehicle shows. */
  async shows(isExpected: (rows: readonly ShownContainer[]) => boolean): Promise<void> {
    await this.vehicle.until(async () => isExpected((await this.rows()) ?? []), 'containers are as they are to be');
  }

  /** Waits until nothing is left to be done, and no process left to be killed. */
  async settled(): Promise<void> {
    const { vehicle } = this;
    const isAtRest = (): boolean =>
      !vehicle.isDoomed &&
      vehicle.http !== undefined &&
      vehicle.last('container-update-agent') === 'idle' &&
      vehicle.last('update-manager') === 'idle' &&
      /^(?:resting)?$/.test(vehicle.last('deployment'));
    await vehicle.until(isAtRest, 'rest');
    await this.shows((rows) => isAtRest() && rows.every(({ status }) => SETTLED.test(status)));
  }

  async outcome(): Promise<ContainersOutcome> {
    const rows = (await this.rows()) ?? [];
    await this.vehicle.end();
    const found = await this.engine.open().list(undefined, NEVER);
    const { heard } = this.backend;
    const ids = [...new Set(heard.map(({ activityId }) => activityId))].filter((id) => ACTIVITY.test(id)).sort();
    const byId = (read: (id: string) => readonly string[]) =>
      Object.fromEntries(ids.map((id) => [id, [...new Set(read(id))]]));
    return {
      agent: byId((id) =>
        heard.flatMap((each) => (each.topic === AGENT_SAYS && each.activityId === id ? said(each) : [])),
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
    };
  }

  async close(): Promise<void> {
    await this.vehicle.end();
    const engine = this.engine.open();
    for (const { id } of await engine.list(undefined, NEVER)) await engine.remove(id, NEVER);
    await this.backend.mqtt.endAsync(true);
  }

  private imaged(wishes: readonly Wanted[]): Wish[] {
    return wishes.map(({ name, tag, config = {} }) => ({ name, image: this.engine.image(name, tag), config }));
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
const UNDER_WAY = /^(?:IDENTIFYING|IDENTIFIED|RUNNING)$/;
const SETTLED = /^(?:Running|Stopped|Exited|Created)$/;
/** Of an update; inventories have ids, too. */
const ACTIVITY = /^[a-z]+$/;
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** A message without what differs from run to run. */
const said = ({ topic: _, activityId: __, ...feedback }: Backend['heard'][number]): string =>
  JSON.stringify(feedback).replace(UUID, 'UUID');

function configOf(
  folder: string,
  scenario: ContainersScenario,
  broker: Mosquitto,
  engine: CrashEngine,
): Readonly<Record<string, unknown>> {
  return {
    dataDir: join(folder, 'data'),
    http: { port: 0 },
    mqtt: { broker: `tcp://${broker.address}` },
    updateManager: {
      domain: 'vehicle',
      thingsEnabled: false,
      rebootEnabled: false,
      reportFeedbackInterval: '0s',
      currentStateDelay: '1s',
      agents: { containers: { readTimeout: '20s' } },
      ...scenario.updateManager,
    },
    containerManagement: {
      update_agent: { enable: true },
      things: { enable: false },
      deployment: { enable: true, ctr_dir: join(folder, 'descriptors') },
      manager: { default_ctrs_stop_timeout: '5s' },
      ...engine.settings,
    },
  };
}

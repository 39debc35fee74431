import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Backend } from '../fakes/backend.js';
import { freePort, type Mosquitto } from '../fakes/mosquitto.js';
import { eventually, temporaryFolder } from '../fakes/runtime.js';
import { slotBundle } from '../fakes/slot-bundle.js';
import { type ChartState, KilledVehicle } from './killed-vehicle.js';
import type { MatrixRun } from './matrix.js';
import type { Scenario } from './update-scenarios.js';

const FEEDBACK = 'vehicleupdate/desiredstatefeedback';
const COMPATIBLE = 'crash-test';
const DEADLINE_MS = 120_000;

/** What an update came to. */
export interface Outcome {
  /** Terminal feedback, by activity, repetitions left out. */
  readonly ends: Readonly<Record<string, readonly string[]>>;
  /** Commands to the agent, by activity, repetitions left out. */
  readonly commands: Readonly<Record<string, readonly string[]>>;
  /** Installations that were completed. */
  readonly installs: number;
}

/** The world around the vehicles of one test: a broker, and bundles. */
export class UpdateWorld {
  private runs = 0;

  private constructor(
    private readonly t: TestContext,
    private readonly bundles: Server,
    /** Outside of the vehicles; undefined: each has its own, which dies with it. */
    private readonly broker: Mosquitto | undefined,
  ) {}

  static async open(t: TestContext, broker?: Mosquitto): Promise<UpdateWorld> {
    const bundle = readFileSync(await slotBundle(temporaryFolder(t), { version: '1.1', compatible: COMPATIBLE }));
    const bundles = createServer((request, response) => {
      response.on('error', () => {});
      if (request.url === '/missing') response.writeHead(404).end();
      // The first half only, until it is given up.
      else if (request.url === '/held')
        response.writeHead(200, { 'content-length': bundle.length }).write(bundle.subarray(0, 1_000));
      else response.writeHead(200, { 'content-length': bundle.length }).end(bundle);
    });
    await new Promise<void>((resolve) => bundles.listen(0, '127.0.0.1', resolve));
    t.after(() => {
      bundles.closeAllConnections();
      bundles.close();
    });
    return new UpdateWorld(t, bundles, broker);
  }

  /** One vehicle through one scenario, killed once where `kill` says. */
  readonly run = async (scenario: Scenario, kill?: ChartState): Promise<MatrixRun<Outcome>> => {
    // The agent's session is of one run, so that no message of another one meets it.
    const run = ++this.runs;
    const folder = temporaryFolder(this.t);
    const file = join(folder, 'vehicle.json');
    const port = this.broker?.port ?? (await freePort());
    writeFileSync(file, JSON.stringify(this.config(folder, run, scenario, port)));
    const vehicle = new KilledVehicle(file, kill);
    if (!this.broker) vehicle.start();
    const url = `mqtt://127.0.0.1:${port}`;
    const backend = await (this.broker ? Backend.connect(this.t, url) : Backend.follow(this.t, url));
    try {
      backend.answerConsent(scenario.consent ?? {});
      if (this.broker) vehicle.start();
      await backend.knows('self-update:os-image');
      await this.drive(scenario, backend, vehicle);
      await settled(vehicle);
      await backend.caughtUp();
      return { outcome: outcomeOf(backend, vehicle), states: vehicle.states, wasKilled: vehicle.kills > 0 };
    } finally {
      if (this.broker) await clear(backend);
      await vehicle.end();
      await backend.mqtt.endAsync(true);
    }
  };

  private async drive(scenario: Scenario, backend: Backend, vehicle: KilledVehicle): Promise<void> {
    const origin = `http://127.0.0.1:${(this.bundles.address() as { port: number }).port}`;
    const version = scenario.version ?? '1.1';
    if (scenario.isSuperseded) {
      await backend.desire('first', `${origin}/held`, version);
      await eventually(() => backend.commands('first').includes('DOWNLOAD'), 'it downloads', DEADLINE_MS);
      await backend.desire('second', `${origin}/bundle`, version);
      await this.ends(backend, vehicle, 'first');
      await this.ends(backend, vehicle, 'second');
      return;
    }
    await backend.desire('first', scenario.isMissing ? `${origin}/missing` : `${origin}/bundle`, version);
    await this.ends(backend, vehicle, 'first');
  }

  private async ends(backend: Backend, vehicle: KilledVehicle, activityId: string): Promise<void> {
    await Promise.race([backend.outcome(activityId), vehicle.failed]);
  }

  private config(folder: string, run: number, scenario: Scenario, port: number) {
    const mqtt = this.broker ? { broker: `tcp://${this.broker.address}` } : { embedded: { port } };
    return {
      dataDir: join(folder, 'data'),
      http: { port: 0 },
      mqtt,
      updateManager: {
        domain: 'vehicle',
        thingsEnabled: false,
        rebootAfter: '50ms',
        reportFeedbackInterval: '0s',
        agents: { 'self-update': { readTimeout: '20s', rebootRequired: true } },
        ...scenario.updateManager,
      },
      selfUpdate: { clientId: `sua-${run}`, allowHttp: true, compatible: COMPATIBLE, feedbackIntervalS: 0 },
    };
  }
}

/** Waits until the agent has nothing left to do, and the manager too. */
async function settled(vehicle: KilledVehicle): Promise<void> {
  const isIdle = (): boolean => /^(?:idle|connected)$/.test(vehicle.last('self-update-agent'));
  await vehicle.until(() => isIdle() && vehicle.last('update-manager') === 'idle', 'rest');
}

/** Retained messages would meet the next run. */
async function clear(backend: Backend): Promise<void> {
  for (const topic of ['vehicleupdate/currentstate', 'selfupdate/currentstate']) {
    await backend.mqtt.publishAsync(topic, '', { retain: true, qos: 1 });
  }
}

function outcomeOf(backend: Backend, vehicle: KilledVehicle): Outcome {
  const ids = [...new Set(backend.heard.filter(({ topic }) => topic === FEEDBACK).map(({ activityId }) => activityId))];
  const once = (texts: readonly string[]): string[] => [...new Set(texts)];
  const byId = (read: (id: string) => readonly string[]) => Object.fromEntries(ids.map((id) => [id, once(read(id))]));
  return {
    ends: byId((id) =>
      backend.statuses(FEEDBACK, id).filter((status) => !/^(?:IDENTIFYING|IDENTIFIED|RUNNING)$/.test(status)),
    ),
    commands: byId((id) => backend.commands(id)),
    installs: vehicle.installs,
  };
}

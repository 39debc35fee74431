import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import {
  createUpdateManager,
  type OrchestrationSettings,
  type UpdateManager,
} from '../../src/actors/update-manager/index.js';
import type { ActorSystem, OutputEffect, Table } from '../../src/runtime/index.js';
import { Metrics, silentLogger } from '../../src/runtime/index.js';
import { type TestSystem, testSystem } from './runtime.js';
import { until } from './until.js';

export interface Published {
  readonly topic: string;
  readonly retain: boolean;
  /** The JSON that was published; `undefined` for an empty payload. */
  readonly message: {
    readonly activityId: string;
    readonly timestamp: number;
    // What the tests look into differs from topic to topic.
    readonly payload: { readonly [member: string]: unknown } | null;
  } & { readonly [member: string]: unknown };
}

/** Between a manager under test and its peers: what an MQTT broker and the link to it do, in memory. */
export class FakeUpdateLink {
  readonly published: Published[] = [];
  /** While it is not, publications wait. */
  isOnline = true;
  /** Publications that the broker has not acknowledged. */
  waiting = 0;

  /** @param carry what carries a publication instead */
  constructor(private readonly carry?: OutputEffect) {}

  readonly publish: OutputEffect = async (output, context) => {
    if (this.carry) return this.carry(output, context);
    const { signal } = context;
    const { topic, payload, retain } = output as unknown as { topic: string; payload: string; retain: boolean };
    this.waiting++;
    await until(() => this.isOnline || signal.aborted, 'the broker is back', 60_000);
    this.waiting--;
    if (signal.aborted) throw new Error('the process has ended');
    this.published.push({ topic, retain, message: payload === '' ? undefined : JSON.parse(payload) });
  };

  on(topic: string): Published[] {
    return this.published.filter((each) => each.topic === topic);
  }

  /** Topic and the word that tells messages of it apart, in order. */
  get trail(): string[] {
    return this.published.map(({ topic, message }) => {
      const payload = message?.payload as { status?: string; command?: string } | null | undefined;
      const word = payload?.status ?? payload?.command ?? '';
      return word === '' ? topic : `${topic} ${word}`;
    });
  }
}

export const SETTINGS: OrchestrationSettings = {
  domain: 'vehicle',
  version: '1.2.3',
  thingsEnabled: false,
  rebootEnabled: true,
  rebootAfterMs: 30_000,
  reportFeedbackIntervalMs: 60_000,
  currentStateDelayMs: 30_000,
  phaseTimeoutMs: 600_000,
  ownerConsentCommands: [],
  ownerConsentTimeoutMs: 1_800_000,
  agents: {
    containers: { rebootRequired: false, readTimeoutMs: 30_000, rollbackAck: true },
    'self-update': { rebootRequired: true, readTimeoutMs: 30_000, rollbackAck: true },
  },
  onBusy: 'queue',
  onStop: 'incomplete',
  releaseAgents: false,
  rejectFeedback: false,
  reportUnknownDomains: false,
};

/** A manager with the real runtime and store around it, and time that the test moves. */
export class ManagedVehicle {
  reboots = 0;
  onReboot = (): void => {};
  readonly warnings: string[] = [];
  /** Of the log, at level info: what it says and its fields. */
  readonly lines: string[] = [];
  readonly link: FakeUpdateLink;
  manager: UpdateManager | undefined;
  /** The desired states that wait, as rows. */
  wishes: Table | undefined;
  private readonly metrics = new Metrics();
  private running: TestSystem | undefined;

  constructor(
    readonly settings: OrchestrationSettings,
    link = new FakeUpdateLink(),
  ) {
    this.link = link;
  }

  readonly types = (system: ActorSystem) => {
    const open: ActorSystem['table'] = system.table.bind(system);
    system.table = (options) => {
      const table = open(options);
      this.wishes = table as unknown as Table;
      return table;
    };
    this.manager = createUpdateManager({
      settings: this.settings,
      system,
      clock: system.clock,
      logger: Object.assign(silentLogger(), {
        warn: (_fields: object, message: string) => void this.warnings.push(message),
        info: (fields: object, message: string) => void this.lines.push(`${message} ${JSON.stringify(fields)}`),
      }),
      metrics: this.metrics,
      publish: this.link.publish,
      reboot: async () => {
        this.reboots++;
        this.onReboot();
      },
    });
    return this.manager.types;
  };

  get system(): TestSystem {
    assert.ok(this.running);
    return this.running;
  }

  async begin(running: TestSystem): Promise<void> {
    this.running = running;
    await this.manager?.child.start(() => {});
    await this.settle();
  }

  async connect(): Promise<void> {
    for (const { to, event } of this.manager?.up ?? []) await this.system.system.tellStored(to, event);
    await this.settle();
  }

  /** Until nothing moves: publications that the broker takes are taken. */
  async settle(): Promise<void> {
    const { system } = this.system;
    for (let quiet = 0; quiet < 3; ) {
      const before = this.link.published.length;
      await system.settled();
      for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
      const isQuiet = this.link.published.length === before && (!this.link.isOnline || system.outboxSize === 0);
      quiet = isQuiet ? quiet + 1 : 0;
    }
  }

  /** A message from the broker, as JSON or as it is. */
  async receive(topic: string, message: object | string | null): Promise<void> {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    await this.receiveBytes(topic, Buffer.from(text));
  }

  async receiveBytes(topic: string, payload: Uint8Array): Promise<void> {
    const found = this.manager?.subscriptions.find(({ filter }) => takes(filter, topic));
    assert.ok(found, `nobody has subscribed to ${topic}`);
    for (const { to, event } of found.read({ topic, payload }) ?? []) await this.system.system.tellStored(to, event);
    await this.settle();
  }

  async want(activityId: string, domains: readonly string[] = ['containers', 'self-update']): Promise<void> {
    const payload = { domains: domains.map((id) => ({ id, components: [{ id: 'app', version: '2' }] })) };
    await this.receive(`${this.prefix}/desiredstate`, { activityId, timestamp: 1, payload });
  }

  get prefix(): string {
    return this.settings.domain === 'vehicle' ? 'vehicleupdate' : 'deviceupdate';
  }

  /** Feedback of an agent, by default with one action of the same status. */
  async feedback(domain: string, activityId: string, status: string, extra: object = {}): Promise<void> {
    const actions = [{ component: { id: `${domain}:app`, version: '2' }, status }];
    const payload = { status, ...(status === 'CLEANUP_SUCCESS' ? {} : { actions }), ...extra };
    await this.receive(`${prefixOf(domain)}/desiredstatefeedback`, { activityId, timestamp: 1, payload });
  }

  async state(domain: string, activityId: string, timestamp = 1, extra: object = {}): Promise<void> {
    const payload = { softwareNodes: [{ id: `${domain}-agent`, type: 'APPLICATION' }], ...extra };
    await this.receive(`${prefixOf(domain)}/currentstate`, { activityId, timestamp, payload });
  }

  /** Both agents answer the last question for the current state. */
  async answerReads(activityId: string, timestamp = 1): Promise<void> {
    for (const domain of Object.keys(this.settings.agents)) await this.state(domain, activityId, timestamp);
  }

  async advance(ms: number): Promise<void> {
    await this.system.clock.advance(ms);
    await this.settle();
  }

  /** Feedback published upstream for an activity, as `STATUS` or `STATUS message`. */
  feedbackOf(activityId: string): string[] {
    return this.link
      .on(`${this.prefix}/desiredstatefeedback`)
      .filter(({ message }) => message.activityId === activityId)
      .map(({ message: { payload } }) => [payload?.['status'], payload?.['message']].filter(Boolean).join(' '));
  }

  /** Commands that an agent got. */
  commandsTo(domain: string): string[] {
    return this.link
      .on(`${prefixOf(domain)}/desiredstate/command`)
      .map(({ message }) => String(message.payload?.['command']));
  }

  /** How much was refused for a reason. */
  async refused(reason: string): Promise<number> {
    const text = await this.metrics.text();
    const [, count = '0'] = new RegExp(`update_manager_rejected_total\\{reason="${reason}"\\} (\\d+)`).exec(text) ?? [];
    return Number(count);
  }

  /** The leaf state of the running activity. */
  get phase(): string {
    return this.manager?.view().current?.state ?? '';
  }
}

/** A started manager whose link is up and whose first report is out. */
export async function managedVehicle(
  t: TestContext,
  changes: Partial<OrchestrationSettings> = {},
): Promise<ManagedVehicle> {
  const vehicle = new ManagedVehicle({ ...SETTINGS, ...changes });
  await vehicle.begin(await testSystem(t, vehicle.types));
  await vehicle.connect();
  const [get] = vehicle.link.published;
  if (get) await vehicle.answerReads(get.message?.activityId ?? '');
  vehicle.link.published.length = 0;
  return vehicle;
}

/** The same vehicle after its process was killed, or stopped, and started again; not connected yet. */
export async function restarted(
  vehicle: ManagedVehicle,
  how: 'crash' | 'reopen',
  atMs?: number,
  changes: Partial<OrchestrationSettings> = {},
): Promise<ManagedVehicle> {
  const link = new FakeUpdateLink();
  const next = new ManagedVehicle({ ...vehicle.settings, ...changes }, link);
  await next.begin(await vehicle.system[how](next.types, atMs));
  return next;
}

const prefixOf = (domain: string): string => (domain === 'self-update' ? 'selfupdate' : `${domain}update`);

const takes = (filter: string, topic: string): boolean =>
  filter === topic || (filter.endsWith('#') && topic.startsWith(filter.slice(0, -1)));

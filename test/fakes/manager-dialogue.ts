import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { MqttClient } from 'mqtt';
import { updateTopics } from '../../src/protocols/update-agent/index.js';
import { connectClient } from '../actors/mqtt/broker-setup.js';
import { Mosquitto } from './mosquitto.js';
import { eventually, temporaryFolder } from './runtime.js';
import { VehicleProcess } from './vehicle-process.js';

const DEADLINE_MS = 120_000;
const OWN = updateTopics('vehicle');
export const AGENTS = ['containers', 'self-update'] as const;
export type AgentName = (typeof AGENTS)[number];

/** A manager to speak with: the reference's program, or ours. */
export interface ManagerUnderTest {
  readonly name: 'the reference' | 'ours';
  start(t: TestContext, file: string, environment: Readonly<Record<string, string>>, data: string): VehicleProcess;
}

export const ours: ManagerUnderTest = {
  name: 'ours',
  start: (t, file, environment, data) =>
    new VehicleProcess(t, ['run', 'update-manager', '-config-file', file, '-data', data], environment),
};

export const reference = (program: string): ManagerUnderTest => ({
  name: 'the reference',
  start: (t, file, environment) => new VehicleProcess(t, ['-config-file', file], environment, program),
});

export interface Message {
  readonly activityId: string;
  readonly timestamp?: number;
  // What is in it differs from topic to topic.
  readonly payload: { readonly [member: string]: unknown } | null;
}

/** What a manager has said: messages by topic, in their order, without what depends on when. */
export type Said = Readonly<Record<string, readonly Message[]>>;

/** A component as a desired state names it. */
const APP = { id: 'app', version: '2' };

/**
 * Everybody around one manager process, on one connection to a real broker, so that what is said is said in order:
 * backend, owner and both agents, who answer only when they are asked for their current state.
 */
export class ManagerDialogue {
  private readonly heard: Array<{ readonly topic: string; readonly message: Message }> = [];
  private readonly versions: Record<string, string> = {};
  private timestamp = 0;

  private constructor(
    readonly who: ManagerUnderTest['name'],
    readonly process: VehicleProcess,
    private readonly mqtt: MqttClient,
    private readonly folder: string,
  ) {
    mqtt.on('message', (topic, payload) => this.hear(topic, payload.toString()));
  }

  /** Until the manager has subscribed to everything, and has made its first report. */
  static async begin(t: TestContext, manager: ManagerUnderTest, config: object = {}): Promise<ManagerDialogue> {
    const broker = await Mosquitto.start(
      t,
      'allow_anonymous true\nlog_dest stderr\nlog_type subscribe\nlog_type error',
    );
    const { mqtt } = await connectClient(t, `mqtt://${broker.address}`, { clientId: 'everybody' });
    const folder = temporaryFolder(t);
    const file = join(folder, 'config.json');
    const connection = { broker: `tcp://${broker.address}` };
    writeFileSync(file, JSON.stringify({ ...CONFIG, connection, ...config }));
    const environment = { FILE_SYS_RQ: join(folder, 'sysrq'), FILE_SYS_RQ_TRIGGER: join(folder, 'trigger') };
    await mqtt.subscribeAsync('#', { qos: 1 });
    const process = manager.start(t, file, environment, join(folder, 'data'));
    const dialogue = new ManagerDialogue(manager.name, process, mqtt, folder);
    const needed = [OWN.desiredState, OWN.currentStateGet, ...AGENTS.map((name) => updateTopics(name).feedback)];
    const hasSubscribed = (): boolean => {
      const log = broker.log.join('');
      return needed.every((topic) => log.includes(` ${topic}\n`));
    };
    await dialogue.until(hasSubscribed, 'it subscribes');
    await dialogue.until(() => dialogue.on(OWN.currentState).length > 0, 'its first report');
    return dialogue;
  }

  /** Waits; fails at once if the manager has ended. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const { process, who } = this;
    await eventually(() => condition() || process.exit !== undefined, `${who}: ${what}`, DEADLINE_MS);
    assert.ok(condition(), `${who} ended before: ${what}\n${process.errors.slice(-4_000)}`);
  }

  on(topic: string, activityId?: string): Message[] {
    return this.heard.flatMap((each) =>
      each.topic === topic && (activityId ?? each.message.activityId) === each.message.activityId ? each.message : [],
    );
  }

  /** A message of anybody but the manager. */
  async send(topic: string, text: string, retain = false): Promise<void> {
    await this.mqtt.publishAsync(topic, text, { qos: 1, retain });
  }

  async wantRaw(activityId: string, payload: object | null): Promise<void> {
    await this.send(OWN.desiredState, JSON.stringify({ activityId, timestamp: 1, payload }));
  }

  async want(activityId: string, names: readonly string[] = AGENTS): Promise<void> {
    await this.wantRaw(activityId, { domains: names.map((id) => ({ id, components: [APP] })) });
  }

  async asksForState(activityId: string): Promise<void> {
    await this.send(OWN.currentStateGet, JSON.stringify({ activityId, timestamp: 1 }));
  }

  /** Feedback of an agent, with one action of that status unless told otherwise. */
  async says(name: AgentName, activityId: string, status: string, extra: object = {}): Promise<void> {
    const actions = [{ component: { id: `${name}:app`, version: '2' }, status }];
    const payload = { status, actions, ...extra };
    const message = { activityId, timestamp: ++this.timestamp, payload };
    await this.send(updateTopics(name).feedback, JSON.stringify(message));
  }

  /** What an agent has from now on; a report of its own accord if there is an id. */
  async has(name: AgentName, version: string, activityId?: string, timestamp = ++this.timestamp): Promise<void> {
    this.versions[name] = version;
    if (activityId !== undefined) await this.reports(name, activityId, timestamp);
  }

  async asksOwner(activityId: string, command: string): Promise<void> {
    const isAsked = (): boolean =>
      this.on(OWN.consent, activityId).some((each) => each.payload?.['command'] === command);
    await this.until(isAsked, `asks the owner for ${command} of ${activityId}`);
  }

  async answersConsent(activityId: string, status: string): Promise<void> {
    await this.send(OWN.consentFeedback, JSON.stringify({ activityId, timestamp: 1, payload: { status } }));
  }

  /** Waits for the desired state of an activity at an agent. */
  async identifies(name: AgentName, activityId: string, times = 1): Promise<void> {
    const { desiredState } = updateTopics(name);
    await this.until(() => this.on(desiredState, activityId).length >= times, `${name} gets ${activityId}`);
  }

  hasCommanded(name: AgentName, activityId: string, command: string): boolean {
    const all = this.on(updateTopics(name).command, activityId);
    return all.some(({ payload }) => payload?.['command'] === command);
  }

  async commands(name: AgentName, activityId: string, command: string): Promise<void> {
    await this.until(() => this.hasCommanded(name, activityId, command), `${name} gets ${command} of ${activityId}`);
  }

  /** Terminal feedback upstream. */
  endsOf(activityId: string): Message[] {
    return this.on(OWN.feedback, activityId).filter(({ payload }) => TERMINAL.has(String(payload?.['status'])));
  }

  /** Waits for the end of an activity, and the report after it. */
  async ends(activityId: string, times = 1): Promise<void> {
    await this.until(() => this.endsOf(activityId).length >= times, `${activityId} ends`);
    await this.reported(activityId, times);
  }

  async reported(activityId: string, times = 1): Promise<void> {
    await this.until(() => this.on(OWN.currentState, activityId).length >= times, `the report of ${activityId}`);
  }

  /** What the kernel was told. */
  get reboot(): string {
    return ['sysrq', 'trigger']
      .map((name) => join(this.folder, name))
      .map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : '-'))
      .join(' ');
  }

  /** Stops the manager in order, unless it has ended, and returns all that it has said. */
  async end(): Promise<Said> {
    await this.process.kill('SIGTERM');
    // What the broker had of the manager comes before this.
    await this.send('end', '{}');
    await eventually(() => this.isOver, 'the last message', DEADLINE_MS);
    const topics = [
      ...[OWN.feedback, OWN.currentState, OWN.consent],
      ...AGENTS.map(updateTopics).flatMap((own) => [own.desiredState, own.command, own.currentStateGet]),
    ];
    return Object.fromEntries(topics.map((topic) => [topic, this.on(topic).map(withoutTime)]));
  }

  private isOver = false;

  private hear(topic: string, text: string): void {
    if (topic === 'end') this.isOver = true;
    let message: Message;
    try {
      message = JSON.parse(text) as Message;
    } catch {
      return;
    }
    this.heard.push({ topic, message });
    for (const name of AGENTS) {
      if (topic === updateTopics(name).currentStateGet) void this.reports(name, message.activityId);
    }
  }

  private async reports(name: AgentName, activityId: string, timestamp = ++this.timestamp): Promise<void> {
    const root = { id: `${name}-agent`, type: 'APPLICATION', parameters: [{ key: 'domain', value: name }] };
    const app = { id: `${name}:app`, version: this.versions[name] ?? '1', name: 'App', type: 'IMAGE' };
    const payload = {
      hardwareNodes: [{ id: `${name}-board`, name: 'Board', addressable: true }],
      softwareNodes: [root, app],
      associations: [{ sourceId: root.id, targetId: app.id }],
    };
    await this.send(updateTopics(name).currentState, JSON.stringify({ activityId, timestamp, payload }));
  }
}

/** The same for both managers; each activity is through its phases long before a time-out. */
const CONFIG = {
  domain: 'vehicle',
  thingsEnabled: false,
  rebootAfter: '50ms',
  // One RUNNING an activity, its first.
  reportFeedbackInterval: '1h',
  currentStateDelay: '0s',
  agents: { containers: { readTimeout: '60s' }, 'self-update': { rebootRequired: true, readTimeout: '60s' } },
};

const TERMINAL = new Set(['COMPLETED', 'INCOMPLETE', 'IDENTIFICATION_FAILED', 'SUPERSEDED']);

/** Without time, without the version of the program, and without the order of what has none. */
function withoutTime(message: Message): Message {
  assert.deepEqual(Object.keys(message).sort(), ['activityId', 'payload', 'timestamp']);
  assert.ok(Number.isSafeInteger(message.timestamp));
  const activityId = message.activityId.replace(/^(initial-current-state-)\d+$/, '$1');
  const payload = message.payload && Object.fromEntries(Object.entries(message.payload).map(ordered));
  return { activityId, payload };
}

/** Actions and nodes come in any order. */
function ordered([member, value]: readonly [string, unknown]): readonly [string, unknown] {
  if (!Array.isArray(value) || !UNORDERED.has(member)) return [member, value];
  const texts = value.map((each: { id?: string }) =>
    JSON.stringify(each.id === 'vehicle-update-manager' ? { ...each, version: '' } : each, sorted),
  );
  return [member, texts.sort().map((text) => JSON.parse(text) as unknown)];
}

const UNORDERED = new Set(['actions', 'hardwareNodes', 'softwareNodes', 'associations']);

const sorted = (_: string, value: unknown): unknown =>
  value && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

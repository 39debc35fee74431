import { connect, type MqttClient } from 'mqtt';
import { connectClient } from '../actors/mqtt/broker-setup.js';
import type { Ending } from './mosquitto.js';
import { eventually } from './runtime.js';

export interface BackendMessage {
  readonly topic: string;
  readonly activityId: string;
  readonly status?: string;
  readonly command?: string;
  readonly message?: string;
  readonly actions?: readonly { readonly status: string; readonly message?: string }[];
  readonly softwareNodes?: readonly { readonly id: string; readonly version?: string }[];
}

/** What asks a vehicle for an update: it publishes desired states and hears all that is said on the broker. */
export class Backend {
  readonly heard: BackendMessage[] = [];

  private constructor(readonly mqtt: MqttClient) {}

  static async connect(t: Ending, url: string): Promise<Backend> {
    const { mqtt } = await connectClient(t, url, { clientId: '' });
    return new Backend(mqtt).listen();
  }

  /** One whose broker comes and goes; what it missed is kept for it by the broker's session. */
  static async follow(t: Ending, url: string): Promise<Backend> {
    const mqtt = connect(url, { protocolVersion: 4, clientId: 'backend', clean: false, reconnectPeriod: 100 });
    mqtt.on('error', () => {});
    t.after(() => mqtt.endAsync(true));
    await new Promise<void>((resolve) => mqtt.once('connect', () => resolve()));
    return new Backend(mqtt).listen();
  }

  private async listen(): Promise<this> {
    this.mqtt.on('message', (topic, payload) => this.hear(topic, payload.toString()));
    await this.mqtt.subscribeAsync('#', { qos: 1 });
    return this;
  }

  async desire(activityId: string, url: string, version = 'dummy_version'): Promise<void> {
    await this.desireAll(activityId, [osImageDomain(url, version)]);
  }

  /** Several domains at once. */
  async desireAll(activityId: string, domains: readonly object[]): Promise<void> {
    const message = JSON.stringify({ activityId, timestamp: Date.now(), payload: { domains } });
    await this.mqtt.publishAsync('vehicleupdate/desiredstate', message, { qos: 1 });
  }

  /** Statuses on a topic, of one activity. */
  statuses(topic: string, activityId: string): string[] {
    return this.heard.flatMap((message) =>
      message.topic === topic && message.activityId === activityId ? (message.status ?? []) : [],
    );
  }

  /** To the agents. */
  commands(activityId: string): string[] {
    return this.commandsTo('', activityId);
  }

  /** To one of them, by the prefix of its topics. */
  commandsTo(prefix: string, activityId: string): string[] {
    return this.heard.flatMap(({ topic, activityId: id, command = [] }) =>
      topic.startsWith(prefix) && topic.endsWith('/desiredstate/command') && id === activityId ? command : [],
    );
  }

  /** What the vehicle reported of a software node, in order. */
  versions(node: string): string[] {
    return this.heard.flatMap(({ topic, softwareNodes = [] }) =>
      topic === 'vehicleupdate/currentstate'
        ? softwareNodes.flatMap(({ id, version }) => (id === node ? (version ?? []) : []))
        : [],
    );
  }

  /** Whether the owner was asked about an activity. */
  isAsked(activityId: string): boolean {
    return this.heard.some((message) => message.topic === CONSENT && message.activityId === activityId);
  }

  /** Answers what the owner is asked from now on, of one activity or of all. */
  answerConsent(answers: Readonly<Partial<Record<string, 'APPROVED' | 'DENIED'>>>, of?: string): void {
    this.mqtt.on('message', (topic, text) => {
      if (topic !== CONSENT) return;
      const { activityId, payload } = JSON.parse(text.toString()) as {
        activityId: string;
        payload: { command: string };
      };
      if (of !== undefined && activityId !== of) return;
      const answer = { activityId, timestamp: 1, payload: { status: answers[payload.command] } };
      this.mqtt.publish('vehicleupdate/ownerconsentfeedback', JSON.stringify(answer), { qos: 1 });
    });
  }

  /** How an activity ended, once it has. */
  async outcome(activityId: string): Promise<string> {
    const find = () =>
      this.statuses('vehicleupdate/desiredstatefeedback', activityId).find((status) => TERMINAL.has(status));
    await eventually(() => find() !== undefined, `${activityId} ends`, 90_000);
    return find() ?? '';
  }

  /** Answers what the owner was asked, and will be asked again if that has been forgotten. */
  async consent(activityId: string, status: 'APPROVED' | 'DENIED', command: string): Promise<void> {
    this.answerConsent({ [command]: status }, activityId);
    const answer = { activityId, timestamp: 1, payload: { status } };
    await this.mqtt.publishAsync('vehicleupdate/ownerconsentfeedback', JSON.stringify(answer), { qos: 1 });
  }

  async hears(topic: string): Promise<void> {
    await eventually(() => this.heard.some((message) => message.topic === topic), `a message on ${topic}`, 60_000);
  }

  /** Waits until the inventory of a domain is known upstream. */
  async knows(node: string, upstream = 'vehicleupdate/currentstate'): Promise<void> {
    const isThere = () => this.raw.some(([topic, text]) => topic === upstream && text.includes(node));
    // It may still have to start.
    await eventually(isThere, `the vehicle reports ${node}`, 180_000);
  }

  /** Waits until it has heard all that the broker has taken by now, which comes in that order. */
  async caughtUp(): Promise<void> {
    const mark = `backend/mark/${this.raw.length}`;
    await this.mqtt.publishAsync(mark, '', { qos: 1 });
    await eventually(() => this.raw.some(([topic]) => topic === mark), 'what was said is heard', 60_000);
  }

  private readonly raw: (readonly [string, string])[] = [];

  private hear(topic: string, text: string): void {
    this.raw.push([topic, text]);
    try {
      const { activityId = '', payload } = JSON.parse(text) as {
        activityId?: string;
        payload?: Omit<BackendMessage, 'topic' | 'activityId'> | null;
      };
      this.heard.push({ topic, activityId, ...(payload ?? {}) });
    } catch {
      // No message of this protocol.
    }
  }
}

/** Of the domain of the self-update. */
export const osImageDomain = (url: string, version: string): object => ({
  id: 'self-update',
  components: [{ id: 'os-image', version, config: [{ key: 'image', value: url }] }],
});

const CONSENT = 'vehicleupdate/ownerconsent';
const TERMINAL = new Set(['COMPLETED', 'INCOMPLETE', 'IDENTIFICATION_FAILED', 'SUPERSEDED']);

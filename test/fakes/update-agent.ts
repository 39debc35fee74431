import { Socket } from 'node:net';
import { connect, type MqttClient } from 'mqtt';
import { updateTopics } from '../../src/protocols/update-agent/index.js';
import type { Ending } from './mosquitto.js';

/** What an agent says to a desired state (`IDENTIFY`) or to a command, in order; an empty list: nothing. */
export type Behaviour = (asked: string, activityId: string) => readonly string[];

/** As the documentation of the update agents asks for (UA-7, UA-8, UA-10). */
const obedient: Behaviour = (asked) => ANSWERS[asked] ?? [];

const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  IDENTIFY: ['IDENTIFYING', 'IDENTIFIED'],
  DOWNLOAD: ['DOWNLOADING', 'DOWNLOAD_SUCCESS'],
  UPDATE: ['UPDATING', 'UPDATE_SUCCESS'],
  ACTIVATE: ['ACTIVATING', 'ACTIVATION_SUCCESS'],
  ROLLBACK: ['ROLLBACK', 'ROLLBACK_SUCCESS'],
  CLEANUP: ['CLEANUP', 'CLEANUP_SUCCESS', 'COMPLETED'],
};

/**
 * An update agent on a real broker, with a session that the broker keeps: what a manager that is killed and started
 * again meets. What it got is kept in order, repetitions included.
 */
export class FakeUpdateAgent {
  /** `IDENTIFY` and commands, with their activity. */
  readonly got: Array<{ readonly asked: string; readonly activityId: string }> = [];
  private timestamp = 0;

  private constructor(
    private readonly mqtt: MqttClient,
    readonly domain: string,
    private readonly behave: Behaviour,
  ) {}

  static async connect(t: Ending, url: string, domain: string, behave = obedient): Promise<FakeUpdateAgent> {
    const mqtt = connect(url, { protocolVersion: 4, clientId: `agent-${domain}`, clean: false, reconnectPeriod: 100 });
    t.after(() => mqtt.end(true));
    mqtt.on('error', () => {});
    const agent = new FakeUpdateAgent(mqtt, domain, behave);
    mqtt.on('message', (topic, payload) => agent.take(topic, payload.toString()));
    mqtt.on('connect', () => {
      // What it says is not to wait for what it said before.
      if (mqtt.stream instanceof Socket) mqtt.stream.setNoDelay(true);
    });
    await new Promise<void>((resolve) => mqtt.once('connect', () => resolve()));
    const { desiredState, command, currentStateGet } = updateTopics(domain);
    await mqtt.subscribeAsync([desiredState, command, currentStateGet], { qos: 1 });
    agent.report('initial-current-state-1');
    return agent;
  }

  /** Commands of an activity in order, repetitions of the same one left out. */
  commands(activityId: string): string[] {
    const own = this.got.filter((each) => each.activityId === activityId).map(({ asked }) => asked);
    return own.filter((asked, index) => asked !== own[index - 1]);
  }

  /** Says a status of its own accord. */
  say(activityId: string, status: string): void {
    const actions = [{ component: { id: `${this.domain}:app`, version: '2' }, status }];
    this.publish(updateTopics(this.domain).feedback, activityId, { status, actions });
  }

  private take(topic: string, text: string): void {
    const { activityId, payload } = JSON.parse(text) as { activityId: string; payload: { command?: string } | null };
    if (topic === updateTopics(this.domain).currentStateGet) {
      this.report(activityId);
      return;
    }
    const asked = payload?.command ?? 'IDENTIFY';
    this.got.push({ asked, activityId });
    for (const status of this.behave(asked, activityId)) this.say(activityId, status);
  }

  private report(activityId: string): void {
    const parameters = [{ key: 'domain', value: this.domain }];
    const softwareNodes = [{ id: `${this.domain}-agent`, type: 'APPLICATION', parameters }];
    this.publish(updateTopics(this.domain).currentState, activityId, { softwareNodes }, true);
  }

  private publish(topic: string, activityId: string, payload: object, retain = false): void {
    const message = JSON.stringify({ activityId, timestamp: ++this.timestamp, payload });
    this.mqtt.publish(topic, message, { qos: 1, retain });
  }
}

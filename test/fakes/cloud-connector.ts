import { connect, type MqttClient } from 'mqtt';
import type { Ending } from './mosquitto.js';
import { eventually } from './runtime.js';
import type { Read } from './things.js';

export interface ConnectorDevice {
  readonly deviceId: string;
  readonly tenantId: string;
}

/**
 * A cloud connector on the vehicle's broker, with what the cloud knows: it says which device this is whenever it is
 * asked, keeps the twins that it is told of, and hands on operations.
 */
export class CloudConnector {
  /** Features and properties by their path, of each thing. */
  readonly twins = new Map<string, Map<string, unknown>>();
  /** Live messages, by path. */
  readonly messages: Read[] = [];
  /** How often it was asked for the device. */
  questions = 0;
  private readonly answers = new Map<string, Read>();
  private requests = 0;

  private constructor(
    private readonly mqtt: MqttClient,
    private device: ConnectorDevice,
  ) {}

  /** Connects again by itself, saying its device each time. */
  static async start(t: Ending, url: string, device: ConnectorDevice): Promise<CloudConnector> {
    const mqtt = connect(url, { protocolVersion: 4, reconnectPeriod: 50 });
    mqtt.on('error', () => {});
    t.after(() => mqtt.endAsync(true));
    const connector = new CloudConnector(mqtt, device);
    let isReady = false;
    mqtt.on('message', (topic, payload) => connector.receive(topic, payload.toString()));
    mqtt.on('connect', () => {
      mqtt.subscribe(['edge/thing/request', 'e/#', 'command//+/res/#'], { qos: 1 }, (error) => {
        if (error) return;
        isReady = true;
        connector.sayDevice();
      });
    });
    await eventually(() => isReady, 'the connector is connected', 30_000);
    return connector;
  }

  /** The vehicle is another device from now on. */
  become(device: ConnectorDevice): void {
    this.device = device;
    this.sayDevice();
  }

  get thingId(): string {
    return `${this.device.deviceId}:edge:containers`;
  }

  /** What is known of the present thing, at a path below `/features/`. */
  twin(path: string): unknown {
    return this.twins.get(this.thingId)?.get(`/features/${path}`);
  }

  async shows(path: string, isExpected: (value: unknown) => boolean = (value) => value !== undefined): Promise<void> {
    await eventually(() => isExpected(this.twin(path)), `the twin shows ${path}`, 30_000);
  }

  /** Without an answer: whoever it is for may not be there. */
  send(thingId: string, feature: string, operation: string, value?: unknown): string {
    const requestId = `q${++this.requests}`;
    const [namespace = '', ...name] = thingId.split(':');
    const message = {
      topic: `${namespace}/${name.join(':')}/things/live/messages/${operation}`,
      headers: {
        'correlation-id': requestId,
        'response-required': true,
        ...(value === undefined ? {} : { 'content-type': 'application/json' }),
      },
      path: `/features/${feature}/inbox/messages/${operation}`,
      value,
    };
    this.mqtt.publish(`command//${thingId}/req/${requestId}/${operation}`, JSON.stringify(message), { qos: 1 });
    return requestId;
  }

  /** An operation with its answer. */
  async ask(feature: string, operation: string, value?: unknown): Promise<Read> {
    const requestId = this.send(this.thingId, feature, operation, value);
    await eventually(() => this.answers.has(requestId), `${operation} is answered`, 30_000);
    return this.answers.get(requestId) as Read;
  }

  /** Until the vehicle hears the commands of the present thing: they are subscribed behind the features. */
  async isHeard(): Promise<void> {
    const sent: string[] = [];
    for (let attempt = 0; attempt < 15; attempt++) {
      sent.push(this.send(this.thingId, 'Metrics', 'request', { frequency: 0 }));
      const isAnswered = () => sent.some((requestId) => this.answers.has(requestId));
      await eventually(isAnswered, 'the thing is listened to', 2_000).catch(() => {});
      if (isAnswered()) return;
    }
    throw new Error('nobody listens to the thing');
  }

  hasAnswer(requestId: string): boolean {
    return this.answers.has(requestId);
  }

  private sayDevice(): void {
    this.mqtt.publish('edge/thing/response', JSON.stringify(this.device), { qos: 1 });
  }

  private receive(topic: string, payload: string): void {
    if (topic === 'edge/thing/request') {
      this.questions++;
      this.sayDevice();
      return;
    }
    const read = JSON.parse(payload) as Read;
    const [, requestId = ''] = /\/res\/([^/]+)\/\d+$/.exec(topic) ?? [];
    if (requestId !== '') {
      this.answers.set(requestId, read);
      return;
    }
    if (read.topic.includes('/things/live/')) {
      this.messages.push(read);
      return;
    }
    this.change(topic.split('/').at(-1) ?? '', read);
  }

  private change(thingId: string, { topic, path, value }: Read): void {
    const twin = this.twins.get(thingId) ?? new Map<string, unknown>();
    this.twins.set(thingId, twin);
    for (const known of [...twin.keys()]) if (known.startsWith(`${path}/`)) twin.delete(known);
    if (topic.endsWith('/delete')) twin.delete(path);
    else twin.set(path, value);
  }
}

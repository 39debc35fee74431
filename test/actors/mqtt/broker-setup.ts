import type { TestContext } from 'node:test';
import { connect, type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { BrokerHost } from '../../../src/actors/mqtt/effects.js';
import type { BrokerAddress } from '../../../src/actors/mqtt/events.js';
import type { BrokerOptions, BrokerRefusal } from '../../../src/actors/mqtt/options.js';
import { systemClock } from '../../../src/runtime/clock.js';
import type { Ending } from '../../fakes/mosquitto.js';
import { testSystem } from '../../fakes/runtime.js';

export interface TestClient {
  readonly mqtt: MqttClient;
  /** What it was sent, from the first packet on. */
  readonly publications: IPublishPacket[];
  readonly payloads: () => string[];
  /** Whether the broker had kept a session for it. */
  readonly present: boolean;
  /** Resolves when the connection has ended. */
  readonly closed: Promise<void>;
}

export interface ClientOptions extends IClientOptions {
  /** Keeps its acknowledgements back. */
  readonly silent?: boolean;
}

export interface BrokerUnderTest {
  readonly host: BrokerHost;
  readonly address: BrokerAddress;
  readonly refusals: BrokerRefusal[];
  /** A client that is closed with the test. */
  connect(options?: ClientOptions): Promise<TestClient>;
}

export async function startBroker(t: TestContext, options: Partial<BrokerOptions> = {}): Promise<BrokerUnderTest> {
  const refusals: BrokerRefusal[] = [];
  const host = await brokerHost(t, { onRefused: (refusal) => refusals.push(refusal), ...options });
  const address = await host.listen(new AbortController().signal);
  return { host, address, refusals, connect: (clientOptions) => connectClient(t, address.url, clientOptions) };
}

/** A broker with a store of its own, not listening yet; closed with the test. */
export async function brokerHost(t: TestContext, options: Partial<BrokerOptions> = {}): Promise<BrokerHost> {
  let host: BrokerHost | undefined;
  t.after(() => host?.close(1_000));
  const store = options.store ?? (await testSystem(t, [])).system;
  host = new BrokerHost({ port: 0, clock: systemClock, ...options, store });
  return host;
}

export async function connectClient(t: Ending, url: string, options: ClientOptions = {}): Promise<TestClient> {
  const { silent = false, ...rest } = options;
  const mqtt = connect(url, { protocolVersion: 4, reconnectPeriod: 0, connectTimeout: 60_000, ...rest });
  t.after(() => mqtt.end(true));
  const publications: IPublishPacket[] = [];
  mqtt.on('packetreceive', (packet) => {
    if (packet.cmd === 'publish') publications.push(packet);
  });
  // What the client was given for it counts for MQTT 5 alone.
  if (silent) mqtt.options.customHandleAcks = () => {};
  const closed = new Promise<void>((resolve) => mqtt.once('close', resolve));
  const present = await new Promise<boolean>((resolve, reject) => {
    mqtt.once('connect', ({ sessionPresent }) => resolve(sessionPresent));
    mqtt.on('error', reject);
    mqtt.once('close', () => reject(new Error('closed')));
  });
  return { mqtt, publications, payloads: () => publications.map(({ payload }) => payload.toString()), present, closed };
}

/** The return codes of a SUBSCRIBE at QoS 1; mqtt.js takes a refusal of one filter for an error of all. */
export async function subscribe({ mqtt }: TestClient, filters: readonly string[]): Promise<readonly number[]> {
  try {
    const granted = await mqtt.subscribeAsync([...filters], { qos: 1 });
    return granted.map(({ qos }) => qos);
  } catch (error) {
    return (error as { packet: { granted: number[] } }).packet.granted;
  }
}

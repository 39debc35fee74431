import assert from 'node:assert/strict';
import type { Admin, Kafka } from 'kafkajs';
import type { KafkaSource } from './kafka-reader.js';
import { type KafkaLine, KafkaServer } from './kafka-server.js';
import { type Ending, freePort } from './mosquitto.js';
import { until } from './until.js';

const NODES = 3;
/** Of all of it, on a machine with other work. */
const PATIENCE_MS = 180_000;

/** Brokers that are controllers as well, each with what all of them have written. */
export class KafkaCluster implements KafkaSource {
  private connectedAdmin: Promise<Admin> | undefined;

  private constructor(
    private readonly t: Ending,
    private readonly servers: readonly KafkaServer[],
  ) {}

  /** Resolves when all of them are there. */
  static async start(t: Ending, line: KafkaLine): Promise<KafkaCluster> {
    const ports: Record<string, number>[] = [];
    while (ports.length < NODES) ports.push({ TEST: await freePort(), CONTROLLER: await freePort() });
    const properties = {
      'controller.quorum.voters': ports.map(({ CONTROLLER }, index) => `${index + 1}@127.0.0.1:${CONTROLLER}`).join(),
      'offsets.topic.replication.factor': `${NODES}`,
      'broker.session.timeout.ms': '3000',
      'auto.create.topics.enable': 'false',
    };
    const servers: KafkaServer[] = [];
    for (const [index, given] of ports.entries()) {
      const own = { ...properties, 'node.id': `${index + 1}` };
      servers.push(await KafkaServer.prepare(t, line, { properties: own }, [], given));
    }
    for (const server of servers) server.launch();
    await Promise.all(servers.map((server) => server.ready()));
    const cluster = new KafkaCluster(t, servers);
    const admin = await cluster.admin();
    const isWhole = async (): Promise<boolean> => (await admin.describeCluster()).brokers.length === NODES;
    await until(isWhole, 'the cluster', PATIENCE_MS);
    return cluster;
  }

  get brokers(): string[] {
    return this.servers.map(({ broker }) => broker);
  }

  client(): Kafka {
    const [first] = this.servers;
    assert.ok(first);
    return first.client({ brokers: this.brokers });
  }

  admin(): Promise<Admin> {
    this.connectedAdmin ??= this.connectAdmin();
    return this.connectedAdmin;
  }

  /** Some of it stays as long as the test does. */
  beforeKill(t: Ending, wish: () => Promise<void>): void {
    t.after(wish);
  }

  /** Every broker has all of it, and two of them have to. */
  async createTopic(topic: string, numPartitions: number): Promise<void> {
    const configEntries = [{ name: 'min.insync.replicas', value: `${NODES - 1}` }];
    const admin = await this.admin();
    await admin.createTopics({ topics: [{ topic, numPartitions, replicationFactor: NODES, configEntries }] });
    await this.allInSync(topic);
  }

  /** The one to which the records of a partition go. */
  async leaderOf(topic: string, partition: number): Promise<KafkaServer> {
    const { leader } = (await this.partitions(topic)).find(({ partitionId }) => partitionId === partition) ?? {};
    const server = this.servers[(leader ?? 0) - 1];
    assert.ok(server, `partition ${partition} of ${topic} has no leader`);
    return server;
  }

  /** Resolves when every broker has all of a topic, and one is found for each partition. */
  async allInSync(topic: string): Promise<void> {
    const areInSync = async (): Promise<boolean> => {
      const partitions = await this.partitions(topic).catch(() => []);
      return partitions.length > 0 && partitions.every(({ isr, leader }) => isr.length === NODES && leader > 0);
    };
    await until(areInSync, `all replicas of ${topic}`, PATIENCE_MS);
  }

  private async partitions(topic: string) {
    const { topics } = await (await this.admin()).fetchTopicMetadata({ topics: [topic] });
    return topics[0]?.partitions ?? [];
  }

  private async connectAdmin(): Promise<Admin> {
    const admin = this.client().admin();
    await admin.connect();
    this.t.after(() => admin.disconnect());
    return admin;
  }
}

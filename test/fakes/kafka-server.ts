import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Admin, Kafka, type KafkaConfig, logLevel } from 'kafkajs';
import { type Ending, freePort } from './mosquitto.js';
import { until } from './until.js';

export const KAFKA_LINES = ['kafka-3', 'kafka-4'] as const;
export type KafkaLine = (typeof KAFKA_LINES)[number];

/** Where `scripts/fetch-kafka.mjs` puts the jars. */
const FOLDER =
  process.env['FLEETCHART_TEST_KAFKA'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'fleetchart', 'kafka');

/** Why tests with the real Kafka cannot run here; false if they can. For the `skip` option of a test. */
export function withoutKafka(line: KafkaLine): string | false {
  if (spawnSync('java', ['-version']).error) return 'not installed: java (apt-get install openjdk-17-jre-headless)';
  return jarsOf(line) === undefined && `no jars in ${join(FOLDER, line)} (node scripts/fetch-kafka.mjs)`;
}

/** Their class path. */
export function jarsOf(line: KafkaLine): string | undefined {
  const folder = join(FOLDER, line);
  const version = existsSync(folder) ? readdirSync(folder).find((name) => /^\d+[.\d]+$/.test(name)) : undefined;
  return version === undefined ? undefined : join(folder, version, '*');
}

export interface KafkaListener {
  readonly protocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';
  /** What clients are told to connect to instead of the port itself. */
  readonly advertisedPort?: number;
  readonly host?: string;
}

export interface KafkaSetUp {
  /** Besides one in plain text for the test itself. By name, in capital letters. */
  readonly listeners?: Readonly<Record<string, KafkaListener>>;
  /** Of the broker, as in its configuration file. */
  readonly properties?: Readonly<Record<string, string>>;
  /** User → password, for SCRAM-SHA-256 and SCRAM-SHA-512. */
  readonly users?: Readonly<Record<string, string>>;
}

/** Little memory, and no time for what pays in the long run. */
export const KAFKA_JAVA = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData'];

/** One broker that is its own controller, on ports and with data that it keeps over restarts. */
export class KafkaServer {
  private process: ChildProcess | undefined;
  private readonly said: string[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'fleetchart-kafka-'));
  private connectedAdmin: Admin | undefined;
  private readonly lastWishes = new Set<() => Promise<void>>();

  private constructor(
    t: Ending,
    readonly jars: string,
    /** By the name of the listener. */
    readonly ports: Readonly<Record<string, number>>,
    private readonly setUp: KafkaSetUp,
  ) {
    t.after(async () => {
      for (const wish of [...this.lastWishes]) {
        this.lastWishes.delete(wish);
        await wish();
      }
      await this.kill();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  /** Prepared, not started. Listeners may depend on the ports that they will have, of which some may be given. */
  static async prepare(
    t: Ending,
    line: KafkaLine,
    setUpFor: KafkaSetUp | ((ports: Readonly<Record<string, number>>) => Promise<KafkaSetUp>) = {},
    names: readonly string[] = typeof setUpFor === 'function' ? [] : Object.keys(setUpFor.listeners ?? {}),
    given: Readonly<Record<string, number>> = {},
  ): Promise<KafkaServer> {
    const jars = jarsOf(line);
    assert.ok(jars, `${line} is not there`);
    const ports: Record<string, number> = {};
    for (const name of ['TEST', 'CONTROLLER', ...names]) ports[name] = given[name] ?? (await freePort());
    const setUp = typeof setUpFor === 'function' ? await setUpFor(ports) : setUpFor;
    const server = new KafkaServer(t, jars, ports, setUp);
    server.format();
    return server;
  }

  static async start(
    t: Ending,
    line: KafkaLine,
    setUp?: Parameters<typeof KafkaServer.prepare>[2],
    names?: readonly string[],
  ): Promise<KafkaServer> {
    const server = await KafkaServer.prepare(t, line, setUp, names);
    await server.start();
    return server;
  }

  /** Where the test's own clients connect to. */
  get broker(): string {
    return `127.0.0.1:${this.ports['TEST']}`;
  }

  /** Resolves when it takes records. */
  async start(): Promise<void> {
    this.launch();
    await this.ready();
  }

  /** Starts the process and does not wait for it. */
  launch(): void {
    const process = spawn('java', [...KAFKA_JAVA, '-cp', this.jars, 'kafka.Kafka', this.configuration], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process = process;
    for (const stream of [process.stdout, process.stderr]) {
      stream.on('data', (chunk: Buffer) => this.said.push(chunk.toString()));
    }
  }

  async ready(): Promise<void> {
    const { process } = this;
    await until(
      async () => {
        assert.ok(process && process.exitCode === null, `Kafka did not start:\n${this.said.join('')}`);
        const admin = this.client().admin({ retry: { retries: 0 } });
        try {
          await admin.connect();
          return (await admin.describeCluster()).brokers.length > 0;
        } catch {
          return false;
        } finally {
          await admin.disconnect();
        }
      },
      'the start of Kafka',
      120_000,
    );
  }

  /** A client of the test itself, which waits for the broker. */
  client(config: Partial<KafkaConfig> = {}): Kafka {
    return new Kafka({
      brokers: [this.broker],
      logLevel: logLevel.NOTHING,
      connectionTimeout: 10_000,
      retry: { retries: 20, initialRetryTime: 50, maxRetryTime: 500 },
      ...config,
    });
  }

  /** One for as long as the process runs. */
  async admin(): Promise<Admin> {
    if (!this.connectedAdmin) {
      this.connectedAdmin = this.client().admin();
      await this.connectedAdmin.connect();
    }
    return this.connectedAdmin;
  }

  /** Makes a topic, and waits until its partitions take records: one that does not yet would be sent them again. */
  async createTopic(topic: string, partitions = 1, config: Readonly<Record<string, string>> = {}): Promise<void> {
    const admin = await this.admin();
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
    const topics = [{ topic, numPartitions: partitions, configEntries }];
    // After a stop the broker is not counted on for a while.
    const isCreated = (): Promise<boolean> =>
      admin.createTopics({ topics, waitForLeaders: true }).then(
        () => true,
        () => false,
      );
    await until(isCreated, `the topic ${topic}`);
    // Leaders are named before they lead; only the leader of a partition knows its end.
    const isLed = (): Promise<boolean> =>
      admin.fetchTopicOffsets(topic).then(
        (ends) => ends.length === partitions,
        () => false,
      );
    await until(isLed, `the leaders of the ${partitions} partitions of ${topic}`);
  }

  /** Done at the end of `t`, or of the server's own if that comes first. */
  beforeKill(t: Ending, wish: () => Promise<void>): void {
    this.lastWishes.add(wish);
    t.after(async () => {
      if (this.lastWishes.delete(wish)) await wish();
    });
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const { process, connectedAdmin } = this;
    this.process = undefined;
    this.connectedAdmin = undefined;
    await connectedAdmin?.disconnect().catch(() => {});
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    const exited = new Promise((resolve) => process.once('exit', resolve));
    process.kill('SIGCONT');
    process.kill('SIGKILL');
    await exited;
  }

  /** Stops it where it is: connections stay and nothing answers. Resolves when all of its threads have stopped. */
  async freeze(): Promise<void> {
    const { process } = this;
    process?.kill('SIGSTOP');
    const tasks = `/proc/${process?.pid}/task`;
    if (!existsSync(tasks)) return;
    const isStopped = (thread: string): boolean => /\) [Tt] /.test(readFileSync(join(tasks, thread, 'stat'), 'utf8'));
    await until(() => readdirSync(tasks).every(isStopped), 'the stop of Kafka');
  }

  /** What is on disk of a partition that has one segment. */
  segment(topic: string, partition: number): Buffer {
    return readFileSync(join(this.folder, 'data', `${topic}-${partition}`, `${'0'.repeat(20)}.log`));
  }

  thaw(): void {
    this.process?.kill('SIGCONT');
  }

  private get configuration(): string {
    return join(this.folder, 'server.properties');
  }

  private format(): void {
    const { TEST = 0, CONTROLLER = 0 } = this.ports;
    const more = Object.entries(this.setUp.listeners ?? {});
    const listeners = more.map(([name, { host = '127.0.0.1' }]) => `${name}://${host}:${this.ports[name]}`);
    const advertised = more.map(
      ([name, { host = '127.0.0.1', advertisedPort }]) => `${name}://${host}:${advertisedPort ?? this.ports[name]}`,
    );
    const protocols = more.map(([name, { protocol }]) => `${name}:${protocol}`);
    const properties: Record<string, string> = {
      'process.roles': 'broker,controller',
      'node.id': '1',
      'controller.quorum.voters': `1@127.0.0.1:${CONTROLLER}`,
      'controller.listener.names': 'CONTROLLER',
      'inter.broker.listener.name': 'TEST',
      listeners: [`TEST://127.0.0.1:${TEST}`, `CONTROLLER://127.0.0.1:${CONTROLLER}`, ...listeners].join(),
      'advertised.listeners': [`TEST://127.0.0.1:${TEST}`, ...advertised].join(),
      'listener.security.protocol.map': ['TEST:PLAINTEXT', 'CONTROLLER:PLAINTEXT', ...protocols].join(),
      'log.dirs': join(this.folder, 'data'),
      'num.partitions': '4',
      'num.io.threads': '2',
      'num.network.threads': '2',
      'offsets.topic.num.partitions': '1',
      'offsets.topic.replication.factor': '1',
      'transaction.state.log.num.partitions': '1',
      'transaction.state.log.replication.factor': '1',
      'transaction.state.log.min.isr': '1',
      'group.initial.rebalance.delay.ms': '0',
      'log.cleaner.dedupe.buffer.size': '4194304',
      // One that was killed would otherwise be waited for when it is started again.
      'broker.heartbeat.interval.ms': '200',
      'broker.session.timeout.ms': '1000',
      ...this.setUp.properties,
    };
    const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`);
    mkdirSync(join(this.folder, 'data'));
    writeFileSync(this.configuration, lines.join(''));
    const users = Object.entries(this.setUp.users ?? {}).flatMap(([name, password]) =>
      ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
        '--add-scram',
        `${mechanism}=[name=${name},password=${password}]`,
      ]),
    );
    const args = ['format', '-t', 'AAAAAAAAAAAAAAAAAAAAAA', '-c', this.configuration, ...users];
    const { status, stdout, stderr } = spawnSync('java', [
      ...KAFKA_JAVA,
      '-cp',
      this.jars,
      'kafka.tools.StorageTool',
      ...args,
    ]);
    assert.equal(status, 0, `the data of Kafka were not made:\n${stdout}\n${stderr}`);
  }
}

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  createDispatch,
  createKafkaDispatcher,
  encodeRecord,
  type FleetRecord,
  type KafkaDispatcherOptions,
} from '../../src/actors/dispatch/index.js';
import {
  createAuthority,
  issueDeviceCertificate,
  issueServerCertificate,
} from '../../src/actors/provisioning/index.js';
import type { KafkaTlsSettings } from '../../src/protocols/fleet-telemetry/kafka-settings.js';
import { systemClock } from '../../src/runtime/clock.js';
import { ActorSystem } from '../../src/runtime/system.js';
import { numberOf, sampleFormats, sampleRecords } from '../actors/dispatch/sample-records.js';
import { type KafkaLine, KafkaServer } from '../fakes/kafka-server.js';
import { FakeLogReader } from '../fakes/log-reader.js';
import type { Ending } from '../fakes/mosquitto.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { TcpWay } from '../fakes/tcp-way.js';

export const PASSWORD = 'topsecret';

/** A broker that many tests share, with a listener behind a way that can be closed, and one that is secured. */
export interface KafkaLab {
  readonly server: KafkaServer;
  readonly way: TcpWay;
  readonly files: { readonly ca: string; readonly cert: string; readonly key: string };
  /** Formats whose records go to a topic of their own, which is there. */
  topic(partitions?: number, config?: Readonly<Record<string, string>>): Promise<string>;
}

const LOGIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required';

export async function kafkaLab(t: Ending, line: KafkaLine, folder: string): Promise<KafkaLab> {
  const authority = await createAuthority({ commonName: 'Kafka CA' });
  const { chainPem, keyPem } = await issueServerCertificate(authority, { names: ['localhost'] });
  const path = (name: string): string => join(folder, name);
  const files = { ca: path('ca.crt'), cert: path('client.crt'), key: path('client.key') };
  writeFileSync(files.ca, authority.certificatePem);
  const device = await issueDeviceCertificate(authority, { commonName: 'hub' });
  writeFileSync(files.cert, device.chainPem);
  writeFileSync(files.key, device.keyPem);
  writeFileSync(path('store.pem'), `${keyPem}\n${chainPem}`);
  let way: TcpWay | undefined;
  const names = ['WAY', 'SECURE', 'MUTUAL', 'OPEN'];
  const server = await KafkaServer.prepare(
    t,
    line,
    async (ports) => {
      way = await TcpWay.to(t, ports['WAY'] ?? 0);
      const store = (listener: string): Record<string, string> => ({
        [`listener.name.${listener}.ssl.keystore.type`]: 'PEM',
        [`listener.name.${listener}.ssl.keystore.location`]: path('store.pem'),
        [`listener.name.${listener}.ssl.truststore.type`]: 'PEM',
        [`listener.name.${listener}.ssl.truststore.location`]: files.ca,
      });
      const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
      return {
        listeners: {
          WAY: { protocol: 'PLAINTEXT', advertisedPort: way.port },
          SECURE: { protocol: 'SASL_SSL', host: 'localhost' },
          MUTUAL: { protocol: 'SSL', host: 'localhost' },
          OPEN: { protocol: 'SASL_PLAINTEXT' },
        },
        users: { hub: PASSWORD },
        properties: {
          'auto.create.topics.enable': 'false',
          'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
          'super.users': 'User:ANONYMOUS',
          'allow.everyone.if.no.acl.found': 'true',
          'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
          'listener.name.secure.plain.sasl.jaas.config': `${LOGIN} user_hub="${PASSWORD}";`,
          'listener.name.secure.scram-sha-256.sasl.jaas.config': scram,
          'listener.name.secure.scram-sha-512.sasl.jaas.config': scram,
          'listener.name.open.sasl.enabled.mechanisms': 'SCRAM-SHA-256',
          'listener.name.open.scram-sha-256.sasl.jaas.config': scram,
          ...store('secure'),
          ...store('mutual'),
          'listener.name.mutual.ssl.client.auth': 'required',
        },
      };
    },
    names,
  );
  await server.start();
  let topics = 0;
  assert.ok(way);
  return {
    server,
    way,
    files,
    topic: async (partitions = 1, config = {}) => {
      const topic = `fleet_${++topics}`;
      await server.createTopic(topic, partitions, config);
      return topic;
    },
  };
}

export const kafkaOptions = (
  brokers: readonly string[],
  topic: string,
  options: Partial<KafkaDispatcherOptions> = {},
): KafkaDispatcherOptions => ({
  brokers,
  clientId: 'test',
  tls: undefined,
  sasl: undefined,
  acks: -1,
  compression: 'none',
  idempotent: false,
  partitioner: 'consistent_random',
  lingerMs: 5,
  batchRecords: 2_000,
  batchBytes: 1_000_000,
  maxMessageBytes: 1_000_000,
  refuseAfterMs: 300_000,
  requestTimeoutMs: 30_000,
  socketTimeoutMs: 60_000,
  connectTimeoutMs: 30_000,
  metadataMaxAgeMs: 300_000,
  retryMs: 50,
  longestRetryMs: 200,
  reconnectMs: 100,
  longestReconnectMs: 10_000,
  addressFamily: 0,
  formats: {
    ...sampleFormats,
    topic: (record) => {
      const form = sampleFormats.topic(record);
      return form.ok ? { ok: true, value: { topic, body: record.payload } } : form;
    },
  },
  clock: systemClock,
  random: () => 0,
  ...options,
});

export const TLS: KafkaTlsSettings = {
  caFile: '',
  caPem: '',
  certFile: '',
  certPem: '',
  keyFile: '',
  keyPem: '',
  passphrase: '',
  keystoreFile: '',
  crlFile: '',
  isVerified: true,
  isNameChecked: true,
  ciphers: '',
  curves: '',
  signatures: '',
};

export function kafkaDispatcher(t: TestContext, options: KafkaDispatcherOptions) {
  const dispatcher = createKafkaDispatcher(options);
  t.after(() => dispatcher.close(0));
  return dispatcher;
}

/** One dispatcher as an actor, over a spool in memory. */
export async function kafkaActor(t: TestContext, options: KafkaDispatcherOptions) {
  const spool = new FakeLogReader();
  const confirmed: number[] = [];
  const refused: string[] = [];
  const dispatch = createDispatch({
    clock: systemClock,
    dispatchers: [
      {
        name: 'kafka',
        dispatcher: createKafkaDispatcher(options),
        spool,
        boundBytes: 10_000_000,
        batch: { items: 50, bytes: 1_000_000 },
        timing: { retryMs: 50, longestRetryMs: 200 },
        onConfirmed: (record: FleetRecord) => confirmed.push(numberOf(record.metadata['txid'] as string)),
        onRefused: ({ reason }) => refused.push(reason),
      },
    ],
  });
  const system = new ActorSystem({ directory: temporaryFolder(t) });
  system.register(dispatch.type);
  await system.start();
  t.after(async () => {
    await system.stop(100);
    await dispatch.close(100);
  });
  for (const { address, input } of dispatch.actors) system.spawn(address, input);
  return {
    spool,
    confirmed,
    refused,
    append: (records: readonly FleetRecord[]) => {
      for (const record of records) spool.append(encodeRecord(record));
    },
    appendNumbers: (from: number, to: number) => {
      for (const record of sampleRecords(from, to)) spool.append(encodeRecord(record));
    },
    view: () => {
      const [first] = dispatch.views((address) => system.peek(address));
      assert.ok(first);
      return first;
    },
  };
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { numberOf, sampleRecord } from '../actors/dispatch/sample-records.js';
import { KafkaReader } from '../fakes/kafka-reader.js';
import { KafkaServer, withoutKafka } from '../fakes/kafka-server.js';
import { TcpWay } from '../fakes/tcp-way.js';
import { until } from '../fakes/until.js';
import { kafkaActor, kafkaOptions, PASSWORD } from './kafka-setup.js';

const LINE = 'kafka-4';
const SESSION_MS = 4_000;
const SESSIONS = 3;
const AT_ONCE = 20;
const TOPIC = 'fleet_sessions';
const MECHANISMS = ['plain', 'scram-sha-512'] as const;

const LOGINS = {
  plain: `org.apache.kafka.common.security.plain.PlainLoginModule required user_hub="${PASSWORD}";`,
  'scram-sha-512': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
};

describe(`the kafka dispatcher and sessions that ${LINE} ends`, { skip: withoutKafka(LINE) }, () => {
  it('FT-KAF-2 KFD-2 authenticates anew on the connection that it has, and nothing is lost or out of order', async (t) => {
    let way: TcpWay | undefined;
    const server = await KafkaServer.start(
      t,
      LINE,
      async (ports) => {
        way = await TcpWay.to(t, ports['OPEN'] ?? 0);
        return {
          listeners: { OPEN: { protocol: 'SASL_PLAINTEXT', advertisedPort: way.port } },
          users: { hub: PASSWORD },
          properties: {
            'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-512',
            'connections.max.reauth.ms': `${SESSION_MS}`,
            ...Object.fromEntries(
              MECHANISMS.map((mechanism) => [`listener.name.open.${mechanism}.sasl.jaas.config`, LOGINS[mechanism]]),
            ),
          },
        };
      },
      ['OPEN'],
    );
    assert.ok(way);
    const { port } = way;
    await server.createTopic(TOPIC, 3);
    const actors = await Promise.all(
      MECHANISMS.map((mechanism) =>
        kafkaActor(
          t,
          kafkaOptions([`127.0.0.1:${port}`], TOPIC, { sasl: { mechanism, username: 'hub', password: PASSWORD } }),
        ),
      ),
    );
    const sent = MECHANISMS.map(() => 0);
    const drive = async (index: number): Promise<void> => {
      const actor = actors[index];
      const from = sent[index] ?? 0;
      actor?.append(
        Array.from({ length: AT_ONCE }, (_, n) => sampleRecord(from + n, { vehicle: `VIN-${index}-${n % 3}` })),
      );
      sent[index] = from + AT_ONCE;
      await until(() => actor?.confirmed.length === sent[index], 'the confirmations');
    };
    await Promise.all(actors.map((_, index) => drive(index)));
    const before = way.joined;
    const begin = performance.now();
    await Promise.all(
      actors.map(async (_, index) => {
        while (performance.now() - begin < SESSIONS * SESSION_MS) await drive(index);
      }),
    );
    // A broker that ends a session ends its connection.
    const opened = way.joined - before;
    assert.ok(opened < SESSIONS, `${opened} new connections in ${SESSIONS} sessions`);
    const messages = await (await KafkaReader.to(t, server, [TOPIC])).settled();
    for (const [index, count] of sent.entries()) {
      for (const vehicle of [0, 1, 2]) {
        const own = messages.filter(({ key }) => key === `VIN-${index}-${vehicle}`);
        const numbers = [...new Set(own.map(({ headers }) => numberOf(headers['txid'] ?? '')))];
        const expected = Array.from({ length: count }, (_, n) => n).filter((n) => (n % AT_ONCE) % 3 === vehicle);
        assert.deepEqual(numbers, expected);
      }
    }
    t.diagnostic(
      `${messages.length} records in ${SESSIONS} sessions of ${MECHANISMS.join(' and ')}, ${opened} new connections`,
    );
  });
});

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { numberOf, sampleRecord } from '../actors/dispatch/sample-records.js';
import { KafkaCluster } from '../fakes/kafka-cluster.js';
import { KafkaReader } from '../fakes/kafka-reader.js';
import { KAFKA_LINES, type KafkaLine, withoutKafka } from '../fakes/kafka-server.js';
import { until } from '../fakes/until.js';
import { kafkaActor, kafkaOptions } from '../interop/kafka-setup.js';
import { IS_WHOLE } from './matrix.js';

/** All, or a sample. */
const KILLS: Readonly<Record<KafkaLine, number>> = IS_WHOLE
  ? { 'kafka-3': 4, 'kafka-4': 4 }
  : { 'kafka-3': 0, 'kafka-4': 1 };
const TOPIC = 'fleet_V';
const PARTITIONS = 3;
const VEHICLES = 7;
/** Records that wait to be confirmed, at most, and how many come at once. */
const WAITING = 200;
const AT_ONCE = 20;
/** Confirmed before the next broker is killed, and with one away. */
const BETWEEN = 500;
const PATIENCE_MS = 180_000;

type Actor = Awaited<ReturnType<typeof kafkaActor>>;

/** Appends as records are confirmed, until it is told to end; tells how many there were. */
function load({ append, confirmed }: Actor): { end(): Promise<number> } {
  let sent = 0;
  let isOver = false;
  const over = until(
    () => {
      while (!isOver && sent - confirmed.length < WAITING) {
        append(Array.from({ length: AT_ONCE }, () => sampleRecord(++sent, { vehicle: `VIN${sent % VEHICLES}` })));
      }
      return isOver && confirmed.length >= sent;
    },
    'all confirmations',
    5 * PATIENCE_MS,
  );
  return {
    end: async () => {
      isOver = true;
      await over;
      return sent;
    },
  };
}

/** How many came again; that all of them came, and in order, is asserted. */
async function repeated(t: TestContext, cluster: KafkaCluster, sent: number): Promise<number> {
  const messages = await (await KafkaReader.to(t, cluster, [TOPIC])).settled();
  for (let vehicle = 0; vehicle < VEHICLES; vehicle++) {
    const own = messages.filter(({ key }) => key === `VIN${vehicle}`);
    const first = [...new Set(own.map(({ headers }) => numberOf(headers['txid'] ?? '')))];
    const expected = Array.from({ length: sent }, (_, n) => n + 1).filter((n) => n % VEHICLES === vehicle);
    assert.deepEqual(first, expected, `VIN${vehicle}`);
  }
  return messages.length - sent;
}

for (const line of KAFKA_LINES) {
  const kills = KILLS[line];
  const skip = withoutKafka(line) || (kills === 0 && 'npm run test:crash runs it');
  test(`KFD-1 KFD-2 KFD-4 of three brokers of ${line} leaders are killed ${kills} times under load, and every confirmed record is there, in order`, {
    skip,
  }, async (t) => {
    const cluster = await KafkaCluster.start(t, line);
    await cluster.createTopic(TOPIC, PARTITIONS);
    const actor = await kafkaActor(t, kafkaOptions(cluster.brokers, TOPIC));
    const { confirmed, refused } = actor;
    const confirmMore = async (count: number, what: string): Promise<void> => {
      const enough = confirmed.length + count;
      await until(() => confirmed.length >= enough, `${count} confirmations ${what}`, PATIENCE_MS);
    };
    const { end } = load(actor);
    for (let kill = 0; kill < kills; kill++) {
      await confirmMore(BETWEEN, 'by all brokers');
      const victim = await cluster.leaderOf(TOPIC, kill % PARTITIONS);
      await victim.kill();
      await confirmMore(BETWEEN, 'without one of them');
      await victim.start();
      await cluster.allInSync(TOPIC);
    }
    const sent = await end();
    assert.deepEqual(refused, []);
    const again = await repeated(t, cluster, sent);
    t.diagnostic(`${line}: ${kills} leaders killed; ${sent} records confirmed, ${again} of them again`);
  });
}

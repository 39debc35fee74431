import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { HubProcess } from '../fakes/hub-process.js';
import { eventually, writeServerConfig } from '../fakes/ingest-hub.js';
import { KafkaReader } from '../fakes/kafka-reader.js';
import { KAFKA_LINES, type KafkaLine, KafkaServer, withoutKafka } from '../fakes/kafka-server.js';
import { temporaryFolder } from '../fakes/runtime.js';
import { KafkaFleet, SPOOLED, STORED } from './kafka-fleet.js';
import { IS_WHOLE } from './matrix.js';

/** Of both lines together: 50, or a sample. */
const KILLS: Readonly<Record<KafkaLine, number>> = IS_WHOLE
  ? { 'kafka-3': 25, 'kafka-4': 25 }
  : { 'kafka-3': 0, 'kafka-4': 3 };
const VINS = ['CAR1', 'CAR2', 'CAR3', 'CAR4', 'CAR5'];
const TOPICS = [`fleet_${SPOOLED.type}`, `fleet_${STORED.type}`];
const PATIENCE_MS = 180_000;

/** What was read of one type and vehicle. */
interface Arrived {
  readonly numbers: Set<number>;
  /** The highest yet; what comes first is higher. */
  highest: number;
  repeated: number;
  outOfOrder: number;
}

/** Returns how to start the next hub; one is loaded while another runs. */
function hubs(t: TestContext, folder: string): () => HubProcess {
  const args = ['run', 'fleet-telemetry', `-config=${join(folder, 'config.json')}`, `-data=${join(folder, 'data')}`];
  let next = HubProcess.held(t, args);
  return () => {
    const hub = next;
    next = HubProcess.held(t, args);
    hub.begin();
    return hub;
  };
}

/** The same order of victims each time. */
function dice(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return 1 + (Math.floor(state / 1_000) % most);
  };
}

async function arrived(t: TestContext, server: KafkaServer): Promise<Map<string, Arrived>> {
  const all = new Map<string, Arrived>();
  const reader = await KafkaReader.to(t, server, TOPICS, ({ key, headers }) => {
    const [type = '', vin = '', text = ''] = (headers['txid'] ?? '').split('-');
    assert.equal(vin, key);
    const number = Number(text);
    const own = all.get(`${type} ${vin}`) ?? { numbers: new Set(), highest: 0, repeated: 0, outOfOrder: 0 };
    all.set(`${type} ${vin}`, own);
    if (own.numbers.has(number)) own.repeated++;
    else if (number < own.highest) own.outOfOrder++;
    own.numbers.add(number);
    own.highest = Math.max(own.highest, number);
    return false;
  });
  await reader.settled();
  await reader.end();
  return all;
}

for (const [index, line] of KAFKA_LINES.entries()) {
  const kills = KILLS[line];
  const skip = withoutKafka(line) || (kills === 0 && 'npm run test:crash runs it');
  test(`FT-ACK-1 FT-ACK-2 FT-KAF-4 hub and ${line} are killed ${kills} times under load, and every acked record is in Kafka, in order`, {
    skip,
  }, async (t) => {
    const folder = temporaryFolder(t);
    const server = await KafkaServer.start(t, line);
    for (const topic of TOPICS) await server.createTopic(topic, 3);
    await writeServerConfig(folder, {
      log_level: 'info',
      namespace: 'fleet',
      records: { [SPOOLED.type]: ['kafka'], [STORED.type]: ['kafka'] },
      reliable_ack_sources: { [STORED.type]: 'kafka' },
      kafka: { 'bootstrap.servers': server.broker, 'reconnect.backoff.max.ms': 500 },
    });
    const start = hubs(t, folder);
    const fleet = new KafkaFleet(VINS);
    const upTo = dice(20_261_122 + index);
    const killed = { hub: 0, kafka: 0 };
    let hub = start();
    await fleet.drive(await hub.port());
    for (let kill = 0; kill < kills; kill++) {
      const isHub = kill === 0 || (kill !== 1 && upTo(2) === 1);
      // A broker that was killed is back before it is the next victim; a hub may find it away.
      const type = isHub ? SPOOLED.type : STORED.type;
      const enough = (fleet.counts[type] ?? 0) + upTo(isHub ? 800 : 500);
      await eventually(() => (fleet.counts[type] ?? 0) >= enough, `${enough} acks of ${type}`, PATIENCE_MS);
      if (isHub) {
        killed.hub++;
        assert.equal((await hub.kill('SIGKILL')).signal, 'SIGKILL');
        await fleet.ended();
        hub = start();
        await fleet.drive(await hub.port());
      } else {
        killed.kafka++;
        await server.kill();
        server.launch();
      }
    }
    await server.ready();
    await fleet.finish();
    hub.signal('SIGTERM');
    assert.deepEqual(await hub.exited, { code: 0, signal: null });

    const all = await arrived(t, server);
    let [acked, records, repeated] = [0, 0, 0];
    for (const vin of VINS) {
      for (const { type } of [SPOOLED, STORED]) {
        const key = `${type} ${vin}`;
        const own = all.get(key);
        assert.ok(own, key);
        const lost = [...(fleet.acked.get(key) ?? [])].filter((number) => !own.numbers.has(number));
        assert.deepEqual(lost, [], `${key}: acknowledged and not in Kafka`);
        assert.equal(own.outOfOrder, 0, `${key}: out of order`);
        acked += fleet.acked.get(key)?.size ?? 0;
        records += own.numbers.size;
        repeated += own.repeated;
      }
    }
    t.diagnostic(
      `${line}: the hub killed ${killed.hub} times, the broker ${killed.kafka} times; ${acked} records acknowledged, ${records} in Kafka, ${repeated} of them again`,
    );
  });
}

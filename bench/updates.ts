import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connectAsync, type MqttClient } from 'mqtt';
import { updateTopics } from '../src/protocols/update-agent/index.js';
import { type Ending, Mosquitto } from '../test/fakes/mosquitto.js';
import { referenceManager, withoutReferenceManager } from '../test/fakes/reference-manager.js';
import { until } from '../test/fakes/until.js';
import { FakeUpdateAgent } from '../test/fakes/update-agent.js';
import { VehicleProcess } from '../test/fakes/vehicle-process.js';
import { median, printRows, type Row, withFolder } from './report.js';

const WARM_UP = 10;
/**
 * A broker that lets Nagle's algorithm hold packets back adds up to 40 ms to most steps, whoever the manager is: that is
 * what a vehicle sees with mosquitto as it comes. Without it the managers themselves show.
 */
const BROKERS = [
  { label: 'mosquitto with set_tcp_nodelay', lines: 'set_tcp_nodelay true', measured: 40 },
  { label: 'mosquitto as it comes', lines: '', measured: 15 },
] as const;
const LOGGED = 'allow_anonymous true\nlog_dest stderr\nlog_type subscribe';
/** Lets what a manager does after its report end, so that the next one has the machine for itself. */
const BETWEEN_MS = 25;
const DEADLINE_MS = 30_000;

/** A manager, or what stands for one, with a domain and an agent of its own on the broker of all. */
interface Party {
  readonly label: string;
  readonly domain: string;
  start(ending: Ending, place: Place): VehicleProcess;
}

interface Place {
  readonly url: string;
  readonly folder: string;
  /** Both managers read the same keys. */
  readonly file: string;
}

interface Figures {
  readonly firstMs: number;
  readonly wholeMs: number;
}

interface Measured {
  readonly messages: number;
  readonly updates: Figures[];
}

const agentOf = ({ domain }: Party): string => `${domain}-agent`;
const RELAY = fileURLToPath(new URL('./updates-relay.js', import.meta.url));

const relay: Party = {
  label: 'a relay of the same messages',
  domain: 'relay',
  start: (ending, { url }) =>
    new VehicleProcess(ending, [RELAY, url, relay.domain, agentOf(relay)], {}, process.execPath),
};
const reference: Party = {
  label: 'the reference',
  domain: 'reference',
  start: (ending, { file }) => new VehicleProcess(ending, ['-config-file', file], {}, referenceManager()),
};
const ours: Party = {
  label: 'run update-manager',
  domain: 'ours',
  start: (ending, { file, folder }) =>
    new VehicleProcess(ending, ['run', 'update-manager', '-config-file', file, '-data', join(folder, 'data')]),
};

/** No window ends and nothing is gathered while an activity runs: one RUNNING, and a report when there is one. */
const configOf = (party: Party, address: string): object => ({
  domain: party.domain,
  connection: { broker: `tcp://${address}` },
  thingsEnabled: false,
  rebootEnabled: false,
  reportFeedbackInterval: '1h',
  currentStateDelay: '0s',
  agents: { [agentOf(party)]: { readTimeout: '60s' } },
});

async function begin(ending: Ending, party: Party, broker: Mosquitto, folder: string): Promise<void> {
  const url = `mqtt://${broker.address}`;
  const file = join(folder, `${party.domain}.json`);
  writeFileSync(file, JSON.stringify(configOf(party, broker.address)));
  await FakeUpdateAgent.connect(ending, url, agentOf(party));
  const manager = party.start(ending, { url, folder, file });
  const own = updateTopics(party.domain);
  const its = updateTopics(agentOf(party));
  const needed = [own.desiredState, own.currentStateGet, its.feedback, its.currentState];
  const isReady = (): boolean => {
    if (manager.exit) throw new Error(`${party.label} ended: ${manager.errors.slice(-4_000)}`);
    const log = broker.log.join('');
    return needed.every((topic) => log.includes(` ${topic}\n`));
  };
  await until(isReady, `${party.label} subscribes`, DEADLINE_MS);
}

const messageOf = (activityId: string, party: Party): string => {
  const domains = [{ id: agentOf(party), components: [{ id: 'app', version: '2' }] }];
  return JSON.stringify({ activityId, timestamp: Date.now(), payload: { domains } });
};

/** From the desired state until the report that follows its end; the whole path is over before that report. */
async function update(mqtt: MqttClient, party: Party, activityId: string): Promise<Figures> {
  const { desiredState, feedback, currentState } = updateTopics(party.domain);
  const startedAt = performance.now();
  let firstMs: number | undefined;
  let wholeMs: number | undefined;
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(patience);
      mqtt.off('message', hear);
    };
    const hear = (topic: string, text: Buffer): void => {
      const now = performance.now() - startedAt;
      if (topic !== feedback && topic !== currentState) return;
      const said = JSON.parse(text.toString()) as { activityId: string; payload: { status?: string } };
      if (said.activityId !== activityId) return;
      firstMs ??= now;
      if (said.payload.status === 'COMPLETED') wholeMs ??= now;
      if (topic !== currentState || wholeMs === undefined) return;
      end();
      resolve({ firstMs, wholeMs });
    };
    const patience = setTimeout(() => {
      end();
      reject(new Error(`${party.label} did not complete ${activityId}`));
    }, DEADLINE_MS);
    mqtt.on('message', hear);
    mqtt.publish(desiredState, messageOf(activityId, party), { qos: 1 });
  });
}

/** All that is said in one activity, by everybody. */
async function messagesOf(mqtt: MqttClient, party: Party): Promise<number> {
  const activityId = 'counted';
  let count = 0;
  const listen = (_: string, text: Buffer): void => {
    if (text.includes(`"${activityId}"`)) count++;
  };
  const names = [updateTopics(party.domain), updateTopics(agentOf(party))].map(({ currentState }) => currentState);
  const all = names.map((topic) => `${topic.split('/')[0]}/#`);
  mqtt.on('message', listen);
  await mqtt.subscribeAsync(all, { qos: 1 });
  await update(mqtt, party, activityId);
  await pause(BETWEEN_MS);
  await mqtt.unsubscribeAsync(all);
  mqtt.off('message', listen);
  return count;
}

/** In turn, so that a drift of the machine's speed meets all. */
async function measure(
  ending: Ending,
  folder: string,
  parties: readonly Party[],
  { lines, measured }: (typeof BROKERS)[number],
): Promise<ReadonlyMap<Party, Measured>> {
  const broker = await Mosquitto.start(ending, `${LOGGED}\n${lines}`);
  const mqtt = await connectAsync(`mqtt://${broker.address}`, { protocolVersion: 4, reconnectPeriod: 0 });
  ending.after(() => mqtt.endAsync(true));
  if (mqtt.stream instanceof Socket) mqtt.stream.setNoDelay(true);
  const found = new Map<Party, Measured>();
  for (const party of parties) {
    await begin(ending, party, broker, folder);
    found.set(party, { messages: await messagesOf(mqtt, party), updates: [] });
    const { feedback, currentState } = updateTopics(party.domain);
    await mqtt.subscribeAsync([feedback, currentState], { qos: 1 });
  }
  for (let round = 0; round < WARM_UP + measured; round++) {
    for (const party of parties) {
      const figures = await update(mqtt, party, `a-${round}`);
      if (round >= WARM_UP) found.get(party)?.updates.push(figures);
      await pause(BETWEEN_MS);
    }
  }
  return found;
}

function rowsOf(found: ReadonlyMap<Party, Measured>): Row[] {
  const of = (party: Party, figure: keyof Figures): number =>
    median(found.get(party)?.updates.map((each) => each[figure]) ?? []);
  return [...found].flatMap(([party, { messages }]) => {
    const rows = ([label, figure]: readonly [string, keyof Figures]): Row[] => {
      const row = { name: `  ${label}`, value: of(party, figure), unit: 'ms' };
      if (party === relay) return [row];
      const toRelay = { ...row, against: of(relay, figure) };
      if (party === reference || !found.has(reference)) return [toRelay];
      return [toRelay, { ...row, name: '    to the reference', against: of(reference, figure) }];
    };
    return [{ name: `${party.label}: messages of an update`, value: messages, unit: '' }, ...SHOWN.flatMap(rows)];
  });
}

const SHOWN = [
  ['first feedback', 'firstMs'],
  ['whole update', 'wholeMs'],
] as const;

const missing = withoutReferenceManager();
if (missing !== false) console.log(`  ${missing}`);
for (const broker of BROKERS) {
  const ends: Array<() => unknown> = [];
  const ending: Ending = { after: (end) => void ends.push(end as () => unknown) };
  await withFolder(async (folder) => {
    try {
      const parties = missing === false ? [relay, reference, ours] : [relay, ours];
      const found = await measure(ending, folder, parties, broker);
      console.log(`  ${broker.label}, median of ${broker.measured} updates`);
      printRows(rowsOf(found));
    } finally {
      for (const end of ends.reverse()) await end();
    }
  });
}

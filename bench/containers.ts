import { inventoryOf } from '../src/protocols/containers/index.js';
import { openContainers, type Said } from './containers-vehicle.js';
import { printRows, withFolder } from './report.js';

const MANY = 200;
const FEW = 20;
const DOMAIN = 'containers';
const FEEDBACK = 'containersupdate/desiredstatefeedback';
const DEADLINE_MS = 600_000;

interface Figures {
  /** From the desired state to what it would change. */
  identifyMs: number;
  updateMs: number;
  cpuMs: number;
  feedbackBytes: number;
  messages: number;
  /** The same messages once more, by the encoder of JSON alone. */
  encodeMs: number;
  inventoryMs: number;
  inventoryBytes: number;
}

/** A desired state of so many containers, with as many keys as they often have. */
const desired = (activityId: string, count: number, tag: string): string => {
  const components = Array.from({ length: count }, (_, index) => {
    const config = Object.entries({
      image: `registry.example.com/vehicle/service-${index}:${tag}`,
      env: 'MODE=production',
      port: `${10_000 + index}:8080`,
      mount: '/etc/hosts:/etc/hosts',
      memory: '64M',
      restartPolicy: 'always',
    }).map(([key, value]) => ({ key, value }));
    return { id: `service-${index}`, version: tag, config };
  });
  return JSON.stringify({ activityId, timestamp: 0, payload: { domains: [{ id: DOMAIN, components }] } });
};

const statusOf = ({ payload }: Said): string => (JSON.parse(payload) as { payload: { status: string } }).payload.status;

/** All are made by the first update, and replaced by the second one, which is measured along with it. */
async function updates(count: number): Promise<Figures> {
  return withFolder(async (folder) => {
    const { said, tell, containers, close } = await openContainers(folder);
    const figures: Figures = {
      identifyMs: 0,
      updateMs: 0,
      cpuMs: 0,
      feedbackBytes: 0,
      messages: 0,
      encodeMs: 0,
      inventoryMs: 0,
      inventoryBytes: 0,
    };
    for (const tag of ['1', '2']) {
      const seen = said.length;
      const cpu = process.cpuUsage();
      const startedAt = performance.now();
      await tell('containersupdate/desiredstate', desired(tag, count, tag));
      const feedback = await ended(said, seen, tag);
      const { user, system } = process.cpuUsage(cpu);
      const identified = feedback.find((each) => statusOf(each) === 'IDENTIFIED');
      figures.identifyMs += (identified?.atMs ?? Number.NaN) - startedAt;
      figures.updateMs += (feedback.at(-1)?.atMs ?? Number.NaN) - startedAt;
      figures.cpuMs += (user + system) / 1_000;
      figures.messages += feedback.length;
      figures.feedbackBytes += feedback.reduce((sum, { payload }) => sum + payload.length, 0);
      const values = feedback.map(({ payload }) => JSON.parse(payload) as unknown);
      const encodedAt = performance.now();
      for (const value of values) JSON.stringify(value);
      figures.encodeMs += performance.now() - encodedAt;
    }
    const inventoryAt = performance.now();
    const options = { domain: DOMAIN, agentName: 'agent', agentVersion: '1', isVerbose: false };
    const inventory = JSON.stringify(inventoryOf(containers.present(), options));
    figures.inventoryMs = performance.now() - inventoryAt;
    figures.inventoryBytes = inventory.length;
    await close();
    return figures;
  });
}

/** The feedback of an activity, once it has ended as it should. */
async function ended(said: readonly Said[], from: number, activityId: string): Promise<readonly Said[]> {
  const end = performance.now() + DEADLINE_MS;
  const mark = `"activityId":"${activityId}"`;
  let looked = from;
  for (;;) {
    const fresh = said.slice(looked).filter(({ topic }) => topic === FEEDBACK);
    looked = said.length;
    const last = fresh.map(statusOf).find((status) => /^(?:COMPLETED|INCOMPLETE|IDENTIFICATION_FAILED)$/.test(status));
    if (last === 'COMPLETED') break;
    if (last !== undefined) throw new Error(`the update ended with ${last}: ${said.at(-1)?.payload.slice(0, 2_000)}`);
    if (performance.now() > end) throw new Error('the update does not end');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return said.slice(from).filter(({ topic, payload }) => topic === FEEDBACK && payload.includes(mark));
}

const rounds = MANY / FEW;
await updates(FEW);
const few: Figures[] = [];
for (let round = 0; round < rounds; round++) few.push(await updates(FEW));
const sum = (key: keyof Figures): number => few.reduce((total, figures) => total + figures[key], 0);
const many = await updates(MANY);

const both = (name: string, key: keyof Figures, unit: string, scale = 1) => [
  { name: `${rounds} × ${FEW} containers: ${name}`, value: sum(key) / scale, unit },
  { name: `${MANY} containers: ${name}`, value: many[key] / scale, unit, against: sum(key) / scale },
];
printRows([
  ...both('identified', 'identifyMs', 'ms'),
  ...both('made, and all replaced', 'updateMs', 'ms'),
  ...both('CPU of that', 'cpuMs', 'ms'),
  ...both('messages of feedback', 'messages', ''),
  ...both('feedback', 'feedbackBytes', 'kB', 1_000),
  ...both('inventory read and encoded', 'inventoryMs', 'ms'),
  ...both('inventory', 'inventoryBytes', 'kB', 1_000),
  { name: `${MANY} containers: JSON of the feedback alone`, value: many.encodeMs, unit: 'ms' },
  { name: `${MANY} containers: CPU against that`, value: many.cpuMs, unit: 'ms', against: many.encodeMs },
]);

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setup } from 'xstate';
import type { ActorType } from '../../../src/runtime/actor-type.js';
import { ManualClock, systemClock } from '../../../src/runtime/clock.js';
import { Inspection } from '../../../src/runtime/inspection/inspection.js';
import { Metrics } from '../../../src/runtime/metrics.js';
import { nextOverload, OVERLOAD_LEVELS, Overload, type OverloadState } from '../../../src/runtime/overload.js';
import { measureInspection, measureRuntime } from '../../../src/runtime/runtime-metrics.js';
import { ActorSystem } from '../../../src/runtime/system.js';
import { startBroker } from '../../actors/mqtt/broker-setup.js';
import { eventually, START, temporaryFolder, testSystem } from '../../fakes/runtime.js';
import { contextOf, script, scriptedType } from '../../fakes/scripted.js';

/** The levels that a delay, sampled every 250 ms, leads to. */
function levels(delaysMs: readonly number[]): string[] {
  let state: OverloadState = { level: 0 };
  return delaysMs.map((delayMs, index) => {
    state = nextOverload(state, delayMs, index * 250);
    return OVERLOAD_LEVELS[state.level] ?? '';
  });
}

const repeated = (count: number, delayMs: number): number[] => new Array(count).fill(delayMs);

/** An overload whose delay the test sets. */
function overloadUnderTest(clock: ManualClock, t: TestContext) {
  const lines: string[] = [];
  const line = (fields: object, message: string): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const delay = { ms: 0 };
  const overload = new Overload({ clock, log: { info: line, warn: line }, waitMs: () => delay.ms });
  overload.start();
  t.after(() => overload.stop());
  return { overload, delay, lines };
}

/** A second over a limit takes five samples. */
const up = [...repeated(5, 100), ...repeated(5, 200), ...repeated(5, 400)];

test('MBX-5 inspection is shed first, then details of metrics, then what nobody acknowledges', () => {
  assert.deepEqual([...new Set(levels(up))], ['none', 'inspection', 'metrics', 'telemetry']);
  assert.deepEqual([...new Set(levels(repeated(20, 100_000)))], ['none', 'inspection', 'metrics', 'telemetry']);
  assert.equal(levels(repeated(100, 99)).at(-1), 'none');
  assert.equal(levels(repeated(100, 199)).at(-1), 'inspection');
  assert.equal(levels(repeated(100, 399)).at(-1), 'metrics');
});

test('MBX-5 a level is entered when the delay has been over its limit for a second: a hitch sheds nothing', () => {
  assert.deepEqual(levels(repeated(5, 150)).slice(-2), ['none', 'inspection']);
  assert.deepEqual([...new Set(levels([0, 60_000, 0, ...repeated(4, 500), 99, ...repeated(4, 500)]))], ['none']);
});

test('MBX-5 a level is left one at a time, when the delay has stayed below half of its limit for two seconds', () => {
  assert.equal(levels([...up, ...repeated(100, 200)]).at(-1), 'telemetry', 'half of the limit is not below it');
  assert.equal(levels([...up, ...repeated(8, 199)]).at(-1), 'telemetry');
  assert.equal(levels([...up, ...repeated(9, 199)]).at(-1), 'metrics');
  assert.equal(levels([...up, ...repeated(8, 199), 200, ...repeated(8, 199)]).at(-1), 'telemetry', 'it begins anew');
  assert.equal(levels([...up, ...repeated(9, 0), ...repeated(8, 0)]).at(-1), 'inspection');
  assert.equal(levels([...up, ...repeated(9, 0), ...repeated(16, 0)]).at(-1), 'none');
});

test('MBX-5 each level is logged once when it is entered and left, and shown', async (t) => {
  const clock = new ManualClock(START);
  const { overload, delay, lines } = overloadUnderTest(clock, t);
  const changes: boolean[] = [];
  overload.onChange(() => changes.push(overload.sheds('inspection')));
  delay.ms = 250;
  await clock.advance(5_000);
  assert.deepEqual(overload.view, { level: 'metrics', since: START + 2_250, delayMs: 250 });
  assert.deepEqual([overload.sheds('inspection'), overload.sheds('telemetry')], [true, false]);
  delay.ms = 0;
  await clock.advance(10_000);
  assert.deepEqual(overload.view, { level: 'none', since: null, delayMs: 0 });
  assert.deepEqual(lines, [
    'overload_entered {"shed":"inspection","delayMs":250}',
    'overload_entered {"shed":"metrics","delayMs":250}',
    'overload_left {"shed":"inspection","delayMs":0}',
    'overload_left {"shed":"none","delayMs":0}',
  ]);
  assert.deepEqual(changes, [true, true, true, false]);
});

test('MBX-5 MBX-6 under overload figures that take a walk over all actors are left out', async (t) => {
  const { system, clock } = await testSystem(t, [scriptedType('a')]);
  const { overload, delay } = overloadUnderTest(clock, t);
  const metrics = new Metrics();
  measureRuntime(system, metrics, overload);
  system.tell('a/k', script({ n: 1 }));
  clock.jump(clock.now() + 1_500);
  const text = await metrics.text();
  assert.match(text, /^runtime_mailbox_oldest_seconds\{type="a"\} 1.5$/m);
  assert.match(text, /^runtime_mailbox_depth\{type="a"\} 1$/m);
  delay.ms = 250;
  await clock.advance(5_000);
  const shed = await metrics.text();
  assert.doesNotMatch(shed, /^runtime_mailbox_\w+\{/m);
  assert.match(shed, /^runtime_overload_level 2$/m);
  assert.match(shed, /^runtime_delay_seconds 0.25$/m);
  assert.match(shed, /^runtime_slices_total\{type="a"\} 1$/m, 'what is counted anyway is shown');
  delay.ms = 0;
  await clock.advance(10_000);
  assert.match(await metrics.text(), /^runtime_mailbox_depth\{type="a"\} 0$/m);
});

test('MBX-5 INS-2 viewers are told that nothing is shown, and see everything as it is when that is over', async (t) => {
  const { system, clock } = await testSystem(t, [scriptedType('a')]);
  const { overload, delay } = overloadUnderTest(clock, t);
  const inspection = new Inspection(system, clock, overload);
  const metrics = new Metrics();
  measureInspection(inspection, metrics);
  for (const key of ['ends', 'stays']) system.tell(`a/${key}`, script({ n: 0 }));
  await clock.advance(1_000);
  const seen: Array<Record<string, unknown> & { snapshot?: { status: string; context: { seen: number[] } } }> = [];
  const viewer = inspection.open((text) => seen.push(JSON.parse(text)) > 0);
  viewer.watch('a/*');
  const taken = () =>
    seen
      .splice(0)
      .map(({ type, address, lost, isShedding, snapshot }) =>
        type === 'fleetchart.lost'
          ? { lost, isShedding }
          : `${String(type)} ${String(address)} ${snapshot?.status} ${snapshot?.context.seen}`,
      );
  assert.deepEqual(taken(), ['@xstate.actor a/ends active 0', '@xstate.actor a/stays active 0']);

  delay.ms = 150;
  await clock.advance(1_250);
  for (const n of [1, 2, 3]) system.tell('a/stays', script({ n }));
  system.tell('a/ends', { type: 'END' });
  system.tell('a/new', script({ n: 7 }));
  await clock.advance(1_000);
  assert.deepEqual(taken(), [{ lost: 0, isShedding: true }]);
  inspection.open((text) => seen.push(JSON.parse(text)) > 0);
  assert.deepEqual(taken(), [{ lost: 0, isShedding: true }], 'who comes later is told as well');
  assert.match(await metrics.text(), /^runtime_inspection_lost_total\{reason="overload"\} 5$/m);

  delay.ms = 0;
  await clock.advance(3_000);
  const after = taken();
  assert.deepEqual(after.slice(0, -1), [
    { lost: 5, isShedding: false },
    '@xstate.actor a/new active 7',
    '@xstate.actor a/stays active 0,1,2,3',
    '@xstate.snapshot a/ends stopped undefined',
  ]);
  assert.deepEqual(after.at(-1), { lost: 0, isShedding: false }, 'the other viewer');
  system.tell('a/stays', script({ n: 4 }));
  await clock.advance(1_000);
  assert.deepEqual(taken(), ['@xstate.snapshot a/stays active 0,1,2,3,4']);
});

test('INS-2 a viewer that has lost something is told how much before anything else', async (t) => {
  const { system, clock } = await testSystem(t, [scriptedType('a')]);
  const inspection = new Inspection(system, clock);
  system.tell('a/k', script({ n: 0 }));
  await system.settled();
  const types: unknown[] = [];
  let takes = true;
  const viewer = inspection.open((text) => {
    const { type, lost } = JSON.parse(text) as { type: string; lost?: number };
    if (takes) types.push(lost ?? type);
    return takes;
  });
  viewer.watch('a/k');
  takes = false;
  for (let n = 1; n <= 10; n++) system.tell('a/k', script({ n }));
  await system.settled();
  takes = true;
  await clock.advance(1_000);
  assert.deepEqual(types, ['@xstate.actor', 10, '@xstate.snapshot']);
  assert.equal(inspection.dropped, 10);
});

test('MBX-5 in a real flood commands and acknowledgements go through while the rest is shed, and it ends by itself', async (t) => {
  const spin = (): void => {
    const end = performance.now() + 0.1;
    while (performance.now() < end);
  };
  const machine = setup({}).createMachine({ on: { HIT: { actions: spin } } });
  const flooded: ActorType = {
    name: 'flooded',
    version: 1,
    machine,
    durability: 'none',
    startOnTell: true,
    mailbox: { capacity: 64 },
  };
  const system = new ActorSystem({ directory: temporaryFolder(t) });
  for (const type of [flooded, scriptedType('command')]) system.register(type);
  await system.start();
  const log = { info: () => {}, warn: () => {} };
  const overload = new Overload({ clock: systemClock, log, waitMs: () => system.waitMs });
  overload.start();
  let isFlooding = true;
  t.after(async () => {
    isFlooding = false;
    overload.stop();
    await system.stop(0);
  });
  const broker = await startBroker(t, { shedsUnacked: () => overload.sheds('telemetry') });
  const [sender, receiver] = [await broker.connect(), await broker.connect()];
  await receiver.mqtt.subscribeAsync('#', { qos: 1 });
  const inspection = new Inspection(system, systemClock, overload);
  const viewer = inspection.open(() => true);
  viewer.watch('flooded/1');

  const flood = (): void => {
    if (!isFlooding) return;
    for (let key = 0; key < 300; key++) while (system.tell(`flooded/${key}`, { type: 'HIT' }));
    setImmediate(flood);
  };
  flood();
  await eventually(() => overload.sheds('telemetry'), 'the highest level', 60_000);

  const acknowledged: number[] = [];
  for (const n of [1, 2, 3]) {
    assert.equal(system.tell('command/k', script({ n }), { acknowledged: () => acknowledged.push(n) }), true);
    await sender.mqtt.publishAsync('telemetry', `unacked ${n}`, { qos: 0 });
    await sender.mqtt.publishAsync('commands', `acked ${n}`, { qos: 1 });
    await sender.mqtt.publishAsync(`state/${n}`, `kept ${n}`, { qos: 0, retain: true });
  }
  await eventually(() => acknowledged.length === 3 && receiver.publications.length >= 6, 'all get through', 60_000);
  assert.deepEqual(contextOf(system, 'command/k').seen, [1, 2, 3]);
  assert.deepEqual(receiver.payloads(), ['acked 1', 'kept 1', 'acked 2', 'kept 2', 'acked 3', 'kept 3']);
  assert.equal(broker.host.stats().shedMessages, 3);
  assert.ok(inspection.shed > 0);

  isFlooding = false;
  await eventually(() => !overload.sheds('telemetry'), 'the end of the highest level', 120_000);
  await sender.mqtt.publishAsync('telemetry', 'again', { qos: 0 });
  await eventually(() => receiver.payloads().at(-1) === 'again', 'QoS 0 again', 60_000);
});

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { StatsSample } from '../../../src/actors/engines/engine.js';
import { isWanted, type Measured, measurementsOf } from '../../../src/protocols/container-features/index.js';
import { START } from '../../fakes/runtime.js';
import { configOf, DITTO, EVENTS, METRICS_ACTOR, SAMPLE, ThingsUnderTest } from '../../fakes/things.js';

async function running(t: TestContext): Promise<ThingsUnderTest> {
  const things = await ThingsUnderTest.known(t, {}, (containers) => {
    containers.put('a', configOf('a', 'img:1'), 'Running');
    containers.put('b', configOf('b', 'img:1', { network: 'host' }), 'Paused');
    containers.put('c', configOf('c', 'img:1'), 'Stopped');
  });
  for (const id of ['a', 'b', 'c']) things.engine.samples.set(id, SAMPLE);
  return things;
}

interface Report {
  readonly snapshot: ReadonlyArray<{ originator: string; measurements: ReadonlyArray<{ id: string; value: number }> }>;
  readonly timestamp: number;
}

const reports = (things: ThingsUnderTest): Report[] =>
  things.taken().flatMap((each) => {
    if (typeof each === 'string' || each.topic !== EVENTS) return [];
    const { path, value } = JSON.parse(each.payload) as { path: string; value: Report };
    return path === '/features/Metrics/outbox/messages/data' ? [value] : [];
  });

const figures = (measured: Partial<Measured> & { sample?: StatsSample }, machine = 4_000) =>
  Object.fromEntries(
    measurementsOf({ id: 'a', sample: SAMPLE, hasNetwork: true, ...measured }, machine).map(({ id, value }) => [
      id,
      value,
    ]),
  );

describe('metrics of containers', () => {
  it('THG-21 reports come at the frequency that was asked for last', async (t) => {
    const things = await running(t);
    await things.ask('Metrics', 'request', { frequency: '5s' });
    assert.equal(things.answer()?.to, 'r1/204');
    assert.equal(things.state(METRICS_ACTOR), 'reporting.waiting');
    await things.advance(14_999);
    assert.equal(reports(things).length, 2);
    await things.ask('Metrics', 'request', { frequency: 2 });
    await things.advance(1_999);
    assert.equal(reports(things).length, 0);
    await things.advance(1);
    assert.equal(reports(things).length, 1);
  });

  it('THG-21 none or less stops them, and less than a second is a second', async (t) => {
    const things = await running(t);
    for (const frequency of ['0s', 0, -1, '-5s', null, undefined]) {
      await things.ask('Metrics', 'request', { frequency: '1s' });
      await things.ask('Metrics', 'request', { frequency });
      assert.equal(things.state(METRICS_ACTOR), 'off', String(frequency));
      await things.advance(2_000);
      assert.deepEqual(reports(things), []);
    }
    for (const frequency of ['10ms', 0.001]) {
      await things.ask('Metrics', 'request', { frequency });
      await things.advance(999);
      assert.equal(reports(things).length, 0);
      await things.advance(1);
      assert.equal(reports(things).length, 1);
    }
  });

  it('THG-21 what is no duration or no filter is 400', async (t) => {
    const things = await running(t);
    for (const value of [
      { frequency: 'often' },
      { frequency: '5' },
      { frequency: {} },
      { frequency: 1, filter: 'all' },
      { frequency: 1, filter: [{ id: 'cpu' }] },
      { frequency: 1, filter: Array(101).fill({}) },
      undefined,
    ]) {
      await things.ask('Metrics', 'request', value);
      assert.equal(things.answer()?.to, 'r1/400', JSON.stringify(value));
    }
    assert.equal(things.state(METRICS_ACTOR), 'off');
  });

  it('THG-21 they are lost with the connection, with the device, and with the process', async (t) => {
    const things = await running(t);
    await things.ask('Metrics', 'request', { frequency: 1 });
    await things.down();
    assert.equal(things.state(METRICS_ACTOR), 'off');
    await things.up();
    await things.named();
    await things.ask('Metrics', 'request', { frequency: 1 });
    await things.named({ deviceId: 'a:b', tenantId: 't' });
    assert.equal(things.state(METRICS_ACTOR), 'off');
    await things.named();
    await things.ask('Metrics', 'request', { frequency: 1 });
    assert.equal(things.state(METRICS_ACTOR), 'reporting.waiting');
    const again = await things.again(t);
    assert.equal(again.state(METRICS_ACTOR), 'off');
  });

  it('THG-22 the first report has CPU shares since the request', async (t) => {
    const things = await running(t);
    await things.ask('Metrics', 'request', { frequency: 5 });
    assert.deepEqual(things.engine.asked, ['a', 'b']);
    things.engine.samples.set('a', { ...SAMPLE, cpuNs: 4_200, hostCpuNs: 200_000 });
    await things.advance(5_000);
    const [report] = reports(things);
    assert.deepEqual(report?.snapshot[0]?.measurements[0], { id: 'cpu.utilization', value: 3.2 });
  });

  it('THG-22 a container that starts is sampled then, and the report comes no later for it', async (t) => {
    const things = await running(t);
    await things.ask('Metrics', 'request', { frequency: 5, filter: [{ id: ['cpu'], originator: 'Container:c' }] });
    await things.advance(3_000);
    things.containers.to('c', 'running', 'Running');
    await things.settled();
    assert.deepEqual(things.engine.asked, ['a', 'b', 'c']);
    things.engine.samples.set('c', { ...SAMPLE, cpuNs: 51_000, hostCpuNs: 200_000 });
    await things.advance(2_000);
    assert.deepEqual(reports(things), [
      {
        snapshot: [{ originator: 'Container:c', measurements: [{ id: 'cpu.utilization', value: 50 }] }],
        timestamp: START / 1_000 + 5,
      },
    ]);
  });

  it('THG-22 an engine that does not answer ends no reports', async (t) => {
    const things = await running(t);
    things.engine.samples.set('a', new Error('engine is away'));
    things.engine.machine = new Error('engine is away');
    await things.ask('Metrics', 'request', { frequency: 1 });
    await things.advance(1_000);
    assert.deepEqual(
      reports(things).map(({ snapshot }) => snapshot.map(({ originator }) => originator)),
      [['Container:b']],
    );
    things.engine.samples.set('a', SAMPLE);
    await things.advance(1_000);
    assert.equal(reports(things)[0]?.snapshot.length, 2);
  });

  it('THG-23 what a filter lets through', () => {
    const filter = (ids: readonly string[], originator = '') => [{ ids, originator }];
    const cases: ReadonlyArray<readonly [filters: Parameters<typeof isWanted>[0], id: string, isWanted: boolean]> = [
      [[], 'cpu.utilization', true],
      [filter([]), 'cpu.utilization', true],
      [filter(['cpu.utilization']), 'cpu.utilization', true],
      [filter(['cpu.*']), 'cpu.utilization', true],
      [filter(['*']), 'cpu.utilization', true],
      [filter(['mem']), 'memory.used', true],
      [filter(['cpu.*']), 'memory.used', false],
      [filter(['utilization']), 'cpu.utilization', false],
      [filter(['cpu.*'], 'Container:a'), 'cpu.utilization', true],
      [filter(['cpu.*'], 'Container:b'), 'cpu.utilization', false],
      [filter([], 'Container'), 'cpu.utilization', false],
      [[...filter([], 'Container:b'), ...filter(['pids'])], 'pids', true],
    ];
    for (const [filters, id, expected] of cases) {
      assert.equal(isWanted(filters, 'Container:a', id), expected, JSON.stringify([filters, id]));
    }
  });

  it('THG-8 THG-24 the message, with seconds', async (t) => {
    const things = await running(t);
    const filter = [{ id: ['pids'], originator: 'Container:a' }];
    await things.ask('Metrics', 'request', { frequency: 1, filter });
    things.taken();
    await things.advance(1_000);
    assert.deepEqual(things.taken(), [
      {
        topic: EVENTS,
        payload: `{"topic":"${DITTO}/things/live/messages/data","headers":{"response-required":false,"content-type":"application/json"},"path":"/features/Metrics/outbox/messages/data","value":{"snapshot":[{"originator":"Container:a","measurements":[{"id":"pids","value":2}]}],"timestamp":${START / 1_000 + 1}}}`,
      },
    ]);
  });

  it('THG-24 only what runs or is paused appears, and nothing is sent of nothing', async (t) => {
    const things = await running(t);
    await things.ask('Metrics', 'request', { frequency: 1 });
    await things.advance(1_000);
    const [report] = reports(things);
    assert.deepEqual(
      report?.snapshot.map(({ originator }) => originator),
      ['Container:a', 'Container:b'],
    );
    assert.ok(!report.snapshot[1]?.measurements.some(({ id }) => id.startsWith('net.')), 'of the host network');
    await things.ask('Metrics', 'request', { frequency: 1, filter: [{ originator: 'Container:c' }] });
    await things.advance(3_000);
    assert.deepEqual(reports(things), []);
    for (const id of ['a', 'b']) things.containers.facts.delete(id);
    await things.ask('Metrics', 'request', { frequency: 1 });
    await things.advance(3_000);
    assert.deepEqual(reports(things), []);
  });

  it('THG-24 the figures', () => {
    assert.deepEqual(figures({}), {
      'memory.total': 4_000,
      'memory.used': 2_000,
      'memory.utilization': 50,
      'io.readBytes': 11,
      'io.writeBytes': 12,
      'net.readBytes': 13,
      'net.writeBytes': 14,
      pids: 2,
    });
    assert.equal(figures({}, 0)['memory.total'], 8_000);
    assert.equal(figures({ sample: { ...SAMPLE, memoryLimitBytes: 0 } })['memory.total'], 4_000);
    assert.equal(figures({ sample: { ...SAMPLE, memoryBytes: 9_000 } })['memory.utilization'], 100);
    assert.ok(!('memory.total' in figures({ sample: { ...SAMPLE, memoryLimitBytes: 0 } }, 0)));
    assert.ok(!('pids' in figures({ sample: { ...SAMPLE, pids: 0 } })));
    assert.ok(!('net.readBytes' in figures({ hasNetwork: false })));
    const cpu = (cpuNs: number, hostCpuNs: number | undefined) => {
      const { hostCpuNs: _, ...rest } = SAMPLE;
      const sample = { ...rest, cpuNs, ...(hostCpuNs === undefined ? {} : { hostCpuNs }) };
      return figures({ sample, previous: SAMPLE })['cpu.utilization'];
    };
    assert.equal(cpu(26_000, 200_000), 25);
    assert.equal(cpu(900_000, 200_000), 100);
    assert.equal(cpu(0, 200_000), 0, 'the counters began anew');
    assert.equal(cpu(2_000, 100_000), undefined);
    assert.equal(cpu(2_000, undefined), undefined);
    assert.equal(figures({})['cpu.utilization'], undefined);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { packets, StatsdLines } from '../../../src/actors/monitoring/statsd/lines.js';
import type { Sample } from '../../../src/runtime/index.js';

const sample = (changes: Partial<Sample>): Sample => ({
  name: 'record_total',
  type: 'counter',
  onlyGrows: true,
  labels: {},
  value: 1,
  ...changes,
});

describe('StatsD lines', () => {
  it('spec 8.1 counters tell their growth, each series for itself, and nothing where there is none', () => {
    const lines = new StatsdLines('fleet.');
    const [v, alerts] = [{ record_type: 'V' }, { record_type: 'alerts' }];
    assert.deepEqual(lines.of([sample({ labels: v, value: 3 }), sample({ labels: alerts, value: 1 })]), [
      'fleet.record_total,record_type=V:3|c',
      'fleet.record_total,record_type=alerts:1|c',
    ]);
    assert.deepEqual(lines.of([sample({ labels: v, value: 5 }), sample({ labels: alerts, value: 1 })]), [
      'fleet.record_total,record_type=V:2|c',
    ]);
    assert.deepEqual(lines.of([sample({ value: 0 })]), []);
  });

  it('spec 8.1 gauges tell their value, those that only grow their growth', () => {
    const lines = new StatsdLines('');
    const gauge = (value: number, onlyGrows: boolean) =>
      sample({ name: onlyGrows ? 'signal_count' : 'num_connections', type: 'gauge', onlyGrows, value });
    assert.deepEqual(lines.of([gauge(7, false), gauge(4, true)]), ['num_connections:7|g', 'signal_count:+4|g']);
    assert.deepEqual(lines.of([gauge(7, false), gauge(9, true)]), ['num_connections:7|g', 'signal_count:+5|g']);
    assert.deepEqual(lines.of([gauge(Number.NaN, false)]), []);
    // A sign alone would be a change, so that it starts from 0.
    assert.deepEqual(lines.of([gauge(-3, false)]), ['num_connections:0|g\nnum_connections:-3|g']);
  });

  it('spec 8.1 series that have the same tags when clean are one, with what both have', () => {
    const lines = new StatsdLines('');
    const of = (first: number, second: number) =>
      lines.of([sample({ labels: { x: 'a b' }, value: first }), sample({ labels: { x: 'a:b' }, value: second })]);
    assert.deepEqual(of(3, 4), ['record_total,x=a_b:7|c']);
    assert.deepEqual(of(3, 4), []);
    assert.deepEqual(of(5, 4), ['record_total,x=a_b:2|c']);
  });

  it('spec 8.1 tags are clean: several in order, none that is empty, nothing that would end one', () => {
    const lines = new StatsdLines('p_');
    const labels = { record_type: '', dispatcher: 'mqtt', msg_type: 'a=b,c d|e:f\ng\u0001#"\'' };
    assert.deepEqual(lines.of([sample({ labels })]), ['p_record_total,dispatcher=mqtt,msg_type=a_b_c_d_e_f_g____:1|c']);
    assert.match(lines.of([sample({ labels: { x: 'y'.repeat(500) } })])[0] ?? '', /^p_record_total,x=y{128}:1\|c$/);
  });
});

describe('StatsD packets', () => {
  it('spec 8.1 hold as many whole lines as fit, and one that fits nowhere goes alone', () => {
    const texts = (lines: string[]) => packets(lines, 10).map(String);
    assert.deepEqual(texts(['aaa', 'bbb', 'cc', 'd']), ['aaa\nbbb\ncc', 'd']);
    assert.deepEqual(texts(['aaaaa', 'bbbb', 'c']), ['aaaaa\nbbbb', 'c']);
    assert.deepEqual(texts(['a', 'x'.repeat(20), 'b']), ['a', 'x'.repeat(20), 'b']);
    assert.deepEqual(texts(['ééé', 'éé']), ['ééé', 'éé']);
    assert.deepEqual(texts([]), []);
    const many = packets(Array.from({ length: 1_000 }, (_, number) => `metric_${number}:1|c`));
    assert.ok(many.every(({ length }) => length <= 1_432));
    assert.ok(
      many.slice(0, -1).every(({ length }) => length > 1_400),
      'no smaller than need be',
    );
    assert.equal(many.map(String).join('\n').split('\n').length, 1_000);
  });
});

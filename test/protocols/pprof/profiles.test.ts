import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import protobuf from 'protobufjs';
import { type CallFrame, cpuProfile, heapProfile } from '../../../src/protocols/pprof/index.js';

/** What pprof's readers expect, as far as it is written. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Profile {
    repeated ValueType sample_type = 1; repeated Sample sample = 2; repeated Location location = 4;
    repeated Function function = 5; repeated string string_table = 6;
    int64 time_nanos = 9; int64 duration_nanos = 10; ValueType period_type = 11; int64 period = 12;
  }
  message ValueType { int64 type = 1; int64 unit = 2; }
  message Sample { repeated uint64 location_id = 1; repeated int64 value = 2; }
  message Location { uint64 id = 1; repeated Line line = 4; }
  message Line { uint64 function_id = 1; int64 line = 2; }
  message Function { uint64 id = 1; int64 name = 2; int64 system_name = 3; int64 filename = 4; int64 start_line = 5; }
`);

interface Read {
  readonly sampleType: { type: number; unit: number }[];
  readonly sample: { locationId: number[]; value: number[] }[];
  readonly location: { id: number; line: { functionId: number; line: number }[] }[];
  readonly function: { id: number; name: number; filename: number }[];
  readonly stringTable: string[];
  readonly timeNanos: string;
  readonly durationNanos: string;
  readonly periodType: { type: number; unit: number };
  readonly period: number;
}

function read(bytes: Uint8Array) {
  const type = root.lookupType('Profile');
  const profile = type.toObject(type.decode(bytes), { longs: Number, arrays: true, defaults: true }) as Read;
  const text = (index: number): string => profile.stringTable[index] ?? '?';
  const name = (location: number): string => {
    const line = profile.location.find(({ id }) => id === location)?.line[0];
    const found = profile.function.find(({ id }) => id === line?.functionId);
    return `${text(found?.name ?? -1)} ${text(found?.filename ?? -1)}:${line?.line}`;
  };
  return {
    types: profile.sampleType.map(({ type: each, unit }) => `${text(each)}/${text(unit)}`),
    samples: profile.sample.map(({ locationId, value }) => [locationId.map(name), value]),
    duration: Number(profile.durationNanos),
    time: Number(profile.timeNanos),
    period: [`${text(profile.periodType.type)}/${text(profile.periodType.unit)}`, profile.period],
    empty: profile.stringTable[0],
  };
}

const frame = (functionName: string, lineNumber = 1, url = 'file:///a.js'): CallFrame => ({
  functionName,
  url,
  lineNumber,
});

describe('profiles in the format of pprof', () => {
  it('spec 8.2 a CPU profile: stacks from the innermost frame, what was found and for how long, without idle time', () => {
    const bytes = cpuProfile(
      {
        nodes: [
          { id: 1, callFrame: frame('(root)', -1, ''), children: [2, 5, 6] },
          { id: 2, callFrame: frame('main', 0), children: [3, 4] },
          { id: 3, callFrame: frame('busy', 9) },
          { id: 4, callFrame: frame('', 19) },
          { id: 5, callFrame: frame('(idle)', -1, '') },
          { id: 6, callFrame: frame('(garbage collector)', -1, '') },
        ],
        startTime: 1_000,
        endTime: 9_000,
        samples: [3, 3, 4, 5, 6, 2],
        timeDeltas: [1_000, 1_100, -5, 900, 50, 10],
      },
      { startedAtMs: 1_700_000_000_000, intervalUs: 1_000 },
    );
    assert.deepEqual(read(bytes), {
      types: ['samples/count', 'cpu/nanoseconds'],
      samples: [
        [
          ['busy file:///a.js:10', 'main file:///a.js:1'],
          [2, 2_100_000],
        ],
        [
          ['(anonymous) file:///a.js:20', 'main file:///a.js:1'],
          [1, 0],
        ],
        [['(garbage collector) :0'], [1, 50_000]],
        [['main file:///a.js:1'], [1, 10_000]],
      ],
      duration: 8_000_000,
      time: 1_700_000_000_000_000_000,
      period: ['cpu/nanoseconds', 1_000_000],
      empty: '',
    });
  });

  it('spec 8.2 a heap profile: bytes by where they were allocated', () => {
    const leaf = { callFrame: frame('inner', 4), selfSize: 7_000_000_000, children: [] };
    const outer = { callFrame: frame('outer', 2), selfSize: 0, children: [leaf] };
    const head = { callFrame: frame('(root)', -1, ''), selfSize: 0, children: [outer, { ...leaf, selfSize: 5 }] };
    const found = read(heapProfile({ head }, { atMs: 5, intervalBytes: 524_288 }));
    assert.deepEqual(found.types, ['inuse_space/bytes']);
    assert.deepEqual(found.samples, [
      [['inner file:///a.js:5'], [5]],
      [['inner file:///a.js:5', 'outer file:///a.js:3'], [7_000_000_000]],
    ]);
    assert.deepEqual(found.period, ['space/bytes', 524_288]);
  });

  it('spec 8.2 a profile in which nothing happened is one, too', () => {
    const nothing = { nodes: [], startTime: 0, endTime: 1 };
    assert.deepEqual(read(cpuProfile(nothing, { startedAtMs: 0, intervalUs: 1 })).samples, []);
  });
});

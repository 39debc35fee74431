import { WireWriter } from '../fleet-telemetry/wire-writer.js';
import type { CallFrame } from './types.js';

export interface ValueType {
  readonly type: string;
  readonly unit: string;
}

export interface ProfileFacts {
  /** Epoch milliseconds. */
  readonly startedAtMs: number;
  readonly durationNs: number;
  /** What lies between two samples. */
  readonly period: ValueType & { readonly value: number };
}

/** Field numbers of `perftools.profiles.Profile` and of the messages in it. */
const PROFILE = {
  sampleType: 1,
  sample: 2,
  location: 4,
  function: 5,
  string: 6,
  timeNanos: 9,
  durationNanos: 10,
  periodType: 11,
  period: 12,
};
const VALUE_TYPE = { type: 1, unit: 2 };
const SAMPLE = { locationId: 1, value: 2 };
const LOCATION = { id: 1, line: 4 };
const LINE = { functionId: 1, line: 2 };
const FUNCTION = { id: 1, name: 2, systemName: 3, filename: 4, startLine: 5 };

/** Puts a profile of pprof together: stacks of frames with their values, names told once. */
export class ProfileBuilder {
  private readonly strings = new Map<string, number>([['', 0]]);
  /** By name, file and line; one location each. */
  private readonly frames = new Map<string, { readonly id: number; readonly frame: CallFrame }>();
  private readonly samples: { readonly stack: readonly number[]; readonly values: readonly number[] }[] = [];

  constructor(private readonly types: readonly ValueType[]) {}

  /** One stack, the innermost frame first, with a value for each type. */
  add(stack: readonly CallFrame[], values: readonly number[]): void {
    this.samples.push({ stack: stack.map((frame) => this.frame(frame)), values: values.map(Math.round) });
  }

  finish({ startedAtMs, durationNs, period }: ProfileFacts): Uint8Array {
    const wire = new WireWriter();
    for (const type of this.types) this.valueType(wire, PROFILE.sampleType, type);
    for (const { stack, values } of this.samples) {
      wire.message(PROFILE.sample, () => {
        for (const id of stack) wire.int64(SAMPLE.locationId, id);
        for (const value of values) wire.int64(SAMPLE.value, value);
      });
    }
    for (const { id, frame } of this.frames.values()) {
      wire.message(PROFILE.location, () => {
        wire.int64(LOCATION.id, id);
        wire.message(LOCATION.line, () => {
          wire.int64(LINE.functionId, id);
          wire.int64(LINE.line, frame.lineNumber + 1);
        });
      });
    }
    for (const { id, frame } of this.frames.values()) {
      const name = this.string(frame.functionName || '(anonymous)');
      const file = this.string(frame.url);
      wire.message(PROFILE.function, () => {
        wire.int64(FUNCTION.id, id);
        wire.int64(FUNCTION.name, name);
        wire.int64(FUNCTION.systemName, name);
        wire.int64(FUNCTION.filename, file);
        wire.int64(FUNCTION.startLine, frame.lineNumber + 1);
      });
    }
    wire.int64(PROFILE.timeNanos, BigInt(Math.round(startedAtMs)) * 1_000_000n);
    wire.int64(PROFILE.durationNanos, Math.round(durationNs));
    this.valueType(wire, PROFILE.periodType, period);
    wire.int64(PROFILE.period, Math.round(period.value));
    // Last: by now all are known.
    for (const text of this.strings.keys()) wire.text(PROFILE.string, text);
    return wire.finish();
  }

  private valueType(wire: WireWriter, field: number, { type, unit }: ValueType): void {
    const [typeId, unitId] = [this.string(type), this.string(unit)];
    wire.message(field, () => {
      wire.int64(VALUE_TYPE.type, typeId);
      wire.int64(VALUE_TYPE.unit, unitId);
    });
  }

  private frame(frame: CallFrame): number {
    const key = `${frame.lineNumber} ${frame.functionName} ${frame.url}`;
    const known = this.frames.get(key);
    if (known) return known.id;
    const id = this.frames.size + 1;
    this.frames.set(key, { id, frame });
    return id;
  }

  private string(text: string): number {
    const known = this.strings.get(text);
    if (known !== undefined) return known;
    const index = this.strings.size;
    this.strings.set(text, index);
    return index;
  }
}

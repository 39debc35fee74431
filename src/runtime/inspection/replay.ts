/** Feeds recorded inputs back to the machines and compares what they give, under a clock that stands still. */
import {
  type AnyActor,
  type AnyStateMachine,
  createActor,
  type EventObject,
  fromCallback,
  type Snapshot,
} from 'xstate';
import type { HotLogic } from '../actor-type.js';
import { type Address, typeOf } from '../address.js';
import { shareStamps } from '../cell/stamped-machine.js';
import { ManualClock } from '../clock.js';
import { type FixtureLine, readFixtureLine, writeFixtureLine } from './fixture.js';

/** What of an actor type a replay needs: it runs no effects. */
export interface ReplayedType {
  readonly name: string;
  readonly version: number;
  readonly machine: AnyStateMachine;
  readonly hot?: HotLogic | undefined;
  readonly migrate?: ((fromVersion: number, snapshot: Snapshot<unknown>) => Snapshot<unknown>) | undefined;
}

/** One place where the replay differs from the recording. */
export interface ReplayDifference {
  /** Line of the fixture, from 1. */
  readonly line: number;
  readonly address: Address;
  /** The input before it. */
  readonly after: string;
  readonly expected: string;
  readonly actual: string;
}

export interface ReplayResult {
  readonly actors: number;
  readonly inputs: number;
  readonly differences: readonly ReplayDifference[];
}

const NOTHING = '(nothing)';
const MOST_DIFFERENCES = 20;

/** Replays the lines of one fixture; throws on a line that is none, or on an actor type that is not known. */
export function replayFixture(text: string, types: ReadonlyMap<string, ReplayedType>): ReplayResult {
  const actors = new Map<Address, ReplayedActor>();
  const differences: ReplayDifference[] = [];
  let inputs = 0;
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const differ = (difference: ReplayDifference): void => {
    if (differences.length < MOST_DIFFERENCES) differences.push(difference);
  };
  lines.forEach((source, index) => {
    const line = readFixtureLine(source);
    let actor = actors.get(line.address);
    if (!actor) {
      const type = types.get(typeOf(line.address));
      if (!type) throw new Error(`line ${index + 1}: there is no actor type ${typeOf(line.address)}`);
      actor = new ReplayedActor(line.address, type, differ);
      actors.set(line.address, actor);
    }
    if (line.kind !== 'output' && line.kind !== 'state') inputs++;
    actor.take(line, index + 1);
  });
  for (const actor of actors.values()) actor.end(lines.length);
  return { actors: actors.size, inputs, differences };
}

class ReplayedActor {
  private actor: AnyActor | undefined;
  private hotState: unknown;
  private input: unknown;
  private outputs: EventObject[] = [];
  private after = 'the start';
  private readonly machine: AnyStateMachine;

  constructor(
    private readonly address: Address,
    private readonly type: ReplayedType,
    private readonly differ: (difference: ReplayDifference) => void,
  ) {
    const inert = fromCallback(() => {});
    const names = Object.keys(type.machine.implementations.actors);
    this.machine = shareStamps(
      type.machine.provide({ actors: Object.fromEntries(names.map((name) => [name, inert])) }),
    );
  }

  take(line: FixtureLine, number: number): void {
    switch (line.kind) {
      case 'start':
        this.begin(unstamped(line.input), { input: { address: this.address, ...(line.input as object) } });
        break;
      case 'restore':
        this.hotState = line.hot;
        this.begin(line.input, { input: line.input, snapshot: this.migrated(line) });
        break;
      case 'event':
        this.after = writeFixtureLine(line);
        this.actor?.send(line.event);
        break;
      case 'hot':
        this.takeHot(line, number);
        break;
      case 'output':
        this.compare(number, line.output, this.outputs.shift());
        break;
      case 'state':
        this.compare(number, line.value, (this.actor?.getSnapshot() as { value?: unknown } | undefined)?.value);
        break;
    }
  }

  end(number: number): void {
    for (const output of this.outputs.splice(0)) this.compare(number, undefined, output);
    this.actor?.stop();
  }

  private begin(input: unknown, options: { input: unknown; snapshot?: Snapshot<unknown> }): void {
    this.actor?.stop();
    this.input = input;
    this.outputs = [];
    const actor = createActor(this.machine, { ...options, id: this.address, clock: new ManualClock() as never });
    actor.subscribe({ error: (error) => this.outputs.push({ type: 'failed', error: String(error) } as EventObject) });
    actor.on('*', (output: EventObject) => this.outputs.push(output));
    this.actor = actor.start();
  }

  private migrated(line: { typeVersion: number; snapshot: unknown }): Snapshot<unknown> {
    const snapshot = line.snapshot as Snapshot<unknown>;
    if (line.typeVersion === this.type.version || !this.type.migrate) return snapshot;
    return this.type.migrate(line.typeVersion, snapshot);
  }

  private takeHot(line: FixtureLine & { kind: 'hot' }, number: number): void {
    const { hot } = this.type;
    if (!hot) return;
    this.after = writeFixtureLine({ ...line, result: undefined });
    this.hotState ??= hot.initial(this.input);
    const result = hot.on(this.hotState, line.message, line.at);
    // An event that it makes for the chart follows as a line of its own.
    this.compare(number, line.result, result);
  }

  private compare(line: number, expected: unknown, actual: unknown): void {
    const [wanted, given] = [textOf(expected), textOf(actual)];
    if (wanted === given) return;
    this.differ({ line, address: this.address, after: this.after, expected: wanted, actual: given });
  }
}

/** What hot logic gets: the input as it was given, without the stamp of the chart's first turn. */
function unstamped(input: unknown): unknown {
  const { stamp: _stamp, ...given } = (input ?? {}) as { stamp?: unknown };
  return given;
}

/** Both sides in the form of a fixture, keys sorted, so that only meaning counts. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return NOTHING;
  const line = JSON.parse(writeFixtureLine({ kind: 'state', address: '', value })) as { value: unknown };
  return JSON.stringify(sorted(line.value));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  );
}

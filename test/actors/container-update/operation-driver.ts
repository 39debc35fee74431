import assert from 'node:assert/strict';
import { createActor, type EventObject, fromCallback } from 'xstate';
import type { Plan, StepInput, StepsInput, Wanted } from '../../../src/actors/container-update/events.js';
import { identified } from '../../../src/actors/container-update/identified.js';
import { containerUpdateMachine } from '../../../src/actors/container-update/machine.js';
import type { CommandName, Order, Step } from '../../../src/protocols/container-update/index.js';
import { type ContainerConfig, compare, removalGroup } from '../../../src/protocols/containers/index.js';
import { stateText } from '../../../src/runtime/cell/waits.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import { configOf } from '../../fakes/scripted-containers.js';

export interface Instance {
  config: ContainerConfig;
  role: 'current' | 'pending' | 'old';
  isCreated: boolean;
  isRunning: boolean;
}

export interface Said {
  readonly activityId: string;
  readonly status: string;
  readonly baseline: string;
  readonly message: string;
}

interface Effect {
  readonly src: string;
  readonly id: string;
  readonly input: unknown;
}

const DEFERRED = ['DESIRED_STATE', 'DESIRED_STATE.INVALID', 'COMMAND'];

/** The chart of the agent alone, with containers that are a table, and effects that fail or are cut off when told to. */
export class OperationDriver {
  readonly instances = new Map<string, Instance>();
  readonly said: Said[] = [];
  /** What the next effects come to, before all of them go well. */
  readonly fate: ('fails' | 'is cut off')[] = [];
  private readonly inbox: EventObject[] = [];
  private readonly actor;
  private effect: Effect | undefined;
  private count = 0;
  hasFailed = false;

  constructor(present: readonly string[]) {
    for (const image of present) {
      const [name = ''] = image.split(':');
      const config = configOf(name, image);
      this.instances.set(`p${++this.count}`, { config, role: 'current', isCreated: true, isRunning: true });
    }
    const held = (src: string) =>
      fromCallback(({ input, self }) => {
        this.effect = { src, input, id: self.id };
      });
    const names = Object.keys(containerUpdateMachine.implementations.actors);
    const machine = containerUpdateMachine.provide({
      actors: Object.fromEntries(names.map((name) => [name, held(name)])) as never,
    });
    this.actor = createActor(machine, {
      clock: new ManualClock(1_000_000),
      input: { settings: { domain: 'containers', autoCommands: false } },
    });
    this.actor.on('*', (output) => this.take(output));
    this.actor.subscribe({ error: (error) => assert.fail(error as Error) });
    this.actor.start();
  }

  get state(): string {
    return stateText(this.actor.getSnapshot().value);
  }

  get context() {
    return this.actor.getSnapshot().context;
  }

  get isBusy(): boolean {
    return this.actor.getSnapshot().hasTag('busy');
  }

  /** Names of running containers that count, each once per instance. */
  get running(): string[] {
    return this.lines(({ role, isRunning }) => role === 'current' && isRunning);
  }

  /** What an update prepares, or has replaced. */
  get leftOver(): string[] {
    return this.lines(({ role }) => role !== 'current');
  }

  send(event: EventObject): void {
    if (this.isBusy && DEFERRED.includes(event.type)) this.inbox.push(event);
    else this.actor.send({ ...event, stamp: { at: 1 } } as never);
  }

  want(images: readonly string[], activityId: string, title?: string): void {
    const wishes = images.map((image) => {
      const [name = '', version = '', memory = ''] = image.split(':');
      const resources = memory === '' ? undefined : { memory };
      return { config: configOf(name, `${name}:${version}`, { resources }), version };
    });
    const names = wishes.map(({ config }) => config.name);
    const grouped = title === undefined ? [] : names.slice(0, 2);
    const groups = [
      ...(title === undefined ? [] : [{ title, names: grouped }]),
      ...names
        .filter((name) => !grouped.includes(name))
        .map((name) => ({ title: `containers:${name}`, names: [name] })),
    ];
    const state = { wishes, systemContainers: [], groups, warnings: [] };
    this.send({
      type: 'DESIRED_STATE',
      activityId,
      digest: `${activityId} ${images.join()}`,
      wishes: state,
    } as EventObject);
  }

  command(command: CommandName, baseline: string, activityId: string, timestamp: number): void {
    this.send({ type: 'COMMAND', activityId, command, baseline, timestamp } as EventObject);
  }

  /** All effects, and what waits for them. */
  settle(): void {
    for (let steps = 0; this.isBusy || this.inbox.length > 0; steps++) {
      assert.ok(steps < 10_000, `it comes to rest: ${this.state}`);
      if (this.isBusy) this.finish();
      else this.send(this.inbox.shift() ?? assert.fail());
    }
  }

  private lines(isWanted: (instance: Instance) => boolean): string[] {
    return [...this.instances.values()]
      .filter(isWanted)
      .map(({ config }) => config.name)
      .sort();
  }

  private take(output: EventObject): void {
    if (output.type === 'start') {
      const { address, input } = output as EventObject & { address: string; input: { config: ContainerConfig } };
      const instance = { config: input.config, role: 'pending', isCreated: false, isRunning: false } as const;
      this.instances.set(address.slice('container/'.length), { ...instance });
    }
    if (output.type !== 'mqtt.publish') return;
    const { payload } = output as EventObject & { payload: string };
    const message = JSON.parse(payload) as { activityId: string; payload: Partial<Said> };
    const { status = '', baseline = '', message: text = '' } = message.payload;
    this.said.push({ activityId: message.activityId, status, baseline, message: text });
  }

  /** Lets the effect that runs come to its end. */
  private finish(): void {
    const effect = this.effect ?? assert.fail(`${this.state} without an effect`);
    const fate = this.fate.shift();
    if (fate === 'is cut off') {
      // Half of it was done before the process died.
      this.carryOut(effect, 1);
      this.actor.send({ type: 'runtime.restored', cause: 'boot', stamp: { at: 1 } } as never);
    }
    const hasFailed = fate === 'fails' && effect.src !== 'compare' && effect.src !== 'look';
    this.hasFailed ||= hasFailed;
    const output = this.carryOut(effect, hasFailed ? 1 : Number.POSITIVE_INFINITY);
    const isError = hasFailed && effect.src === 'takeStep';
    const result = isError ? { error: new Error('it went wrong') } : { output };
    this.actor.send({
      type: `xstate.${isError ? 'error' : 'done'}.actor.${effect.id}`,
      ...result,
      stamp: { at: 1 },
    } as never);
  }

  /** `most`: orders of each step; those after it are not given, and the step has failed. */
  private carryOut({ src, input }: Effect, most: number): unknown {
    switch (src) {
      case 'compare':
        return this.compare(input as Wanted);
      case 'look': {
        const { ids } = input as { ids: readonly string[] };
        return { running: ids.filter((id) => this.instances.get(id)?.isRunning) };
      }
      case 'takeStep':
        return this.step((input as StepInput).step, most);
      default: {
        const { steps } = input as StepsInput;
        const failed = steps.filter((step) => this.step(step, most));
        return { failures: failed.map(({ place }) => ({ place, error: 'it went wrong' })) };
      }
    }
  }

  private compare({ wishes }: Wanted): object {
    const present = [...this.instances].flatMap(([id, { config, role, isCreated }]) =>
      role === 'current' && isCreated ? [{ id, config }] : [],
    );
    const plan: { found: readonly object[]; plans: readonly Plan[] } = identified(
      compare(wishes, present),
      () => `n${++this.count}`,
    );
    return { ...plan, groups: wishes.groups };
  }

  /** Whether it was not done in full. */
  private step({ orders }: Step, most: number): boolean {
    for (const order of orders.slice(0, most)) this.obey(order);
    return orders.length > most;
  }

  private obey(order: Order): void {
    const instance = this.instances.get(order.id);
    if (!instance) return;
    switch (order.do) {
      case 'create':
        instance.isCreated = true;
        break;
      case 'start':
      case 'run':
        assert.ok(instance.isCreated, 'nothing is started that was not created');
        instance.isRunning = true;
        break;
      case 'stop':
        instance.isRunning = false;
        break;
      case 'role':
        instance.role = order.role;
        break;
      case 'limit':
        instance.config = { ...instance.config, ...order.terms };
        break;
      case 'remove':
        this.instances.delete(order.id);
    }
  }
}

export const REMOVALS = removalGroup('containers');

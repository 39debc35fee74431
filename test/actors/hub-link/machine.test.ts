import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createActor, type EventObject } from 'xstate';
import type { HubLinkEvent } from '../../../src/actors/hub-link/events.js';
import { hubLinkMachine } from '../../../src/actors/hub-link/machine.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import { HeldCalls, turn } from '../../fakes/held-calls.js';
import { TakenTransitions } from '../../fakes/transitions.js';

const answer = '{"deviceId":"edge:car"}';
const restored: HubLinkEvent = { type: 'runtime.restored', cause: 'boot' };

function start() {
  const clock = new ManualClock(0, turn);
  const effects = new HeldCalls();
  const machine = hubLinkMachine.provide({ actors: { forward: effects.effect<void, void>('forward') } });
  const taken = new TakenTransitions(machine);
  const actor = createActor(machine, { clock, inspect: taken.inspect });
  const outputs: EventObject[] = [];
  actor.on('*', (output) => outputs.push(output));
  actor.subscribe({ error: (error) => assert.fail(error as Error) });
  actor.start();
  const state = () => {
    const { vehicle, hub } = actor.getSnapshot().value as { vehicle: string; hub: string };
    return `${vehicle} ${hub}`;
  };
  const answers = () =>
    outputs.filter((output) => (output as { topic?: string }).topic === 'edge/thing/response').length;
  return { actor, clock, effects, outputs, state, answers, taken };
}

describe('the chart of the hub link', () => {
  it('PRV-19 THG-3 tells the vehicle which thing it is at each connection, and when it is asked', () => {
    const { actor, answers, outputs } = start();
    actor.send({ type: 'HUB.UP', answer });
    assert.equal(answers(), 0, 'nobody would hear it');
    actor.send({ type: 'LOCAL.UP', answer });
    actor.send({ type: 'ASKED', answer });
    actor.send({ type: 'HUB.DOWN' });
    actor.send({ type: 'HUB.UP', answer });
    assert.equal(answers(), 3);
    assert.deepEqual(outputs[0], {
      type: 'mqtt.publish',
      topic: 'edge/thing/response',
      payload: answer,
      qos: 1,
      retain: false,
    });
  });

  it('HL-2 keeps what is for the hub whether it is there or not, and carries it while it is', async () => {
    const { actor, effects, outputs, state } = start();
    const entry = Buffer.from('entry');
    actor.send({ type: 'TO.HUB', entry });
    assert.equal(effects.count('forward'), 0);
    actor.send({ type: 'HUB.UP', answer });
    assert.equal(state(), 'away online');
    actor.send({ type: 'TO.HUB', entry });
    assert.equal(outputs.filter(({ type }) => type === 'log.append').length, 2);
    assert.equal(effects.count('forward'), 1);
    actor.send({ type: 'HUB.DOWN' });
    assert.ok(effects.last('forward').signal.aborted);
  });

  it('hands on what the hub says, as it is', () => {
    const { actor, outputs } = start();
    const payload = Buffer.from([1, 2]);
    actor.send({ type: 'LOCAL.UP', answer });
    actor.send({ type: 'TO.VEHICLE', message: { topic: 'command///req/r/apply', payload } });
    assert.deepEqual(outputs.at(-1), {
      type: 'mqtt.publish',
      topic: 'command///req/r/apply',
      payload,
      qos: 1,
      retain: false,
    });
  });

  it('takes every transition', async () => {
    const { actor, clock, effects, state, taken } = start();
    const send = (...events: readonly HubLinkEvent[]) => {
      for (const event of events) actor.send(event);
    };
    send({ type: 'LOCAL.UP', answer }, { type: 'LOCAL.UP', answer }, { type: 'HUB.UP', answer }, restored);
    assert.equal(state(), 'away offline');
    send({ type: 'HUB.UP', answer }, { type: 'LOCAL.UP', answer }, { type: 'LOCAL.DOWN' });
    await effects.fail('forward', new Error('the store is full'));
    assert.equal(state(), 'away retrying');
    await clock.advance(5_000);
    assert.equal(state(), 'away online');
    await effects.fail('forward', new Error('the store is full'));
    send({ type: 'HUB.DOWN' }, { type: 'HUB.UP', answer }, { type: 'HUB.DOWN' });
    send({ type: 'ASKED', answer }, { type: 'TO.HUB', entry: Buffer.alloc(2) });
    send({ type: 'TO.VEHICLE', message: { topic: 't', payload: Buffer.alloc(0) } });
    send({ type: 'HUB.UP', answer });
    await effects.succeed('forward');
    assert.equal(state(), 'away retrying');
    assert.deepEqual(taken.missing, []);
  });
});

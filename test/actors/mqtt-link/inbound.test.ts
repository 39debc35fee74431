import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { IPublishPacket } from 'mqtt';
import { Inbound } from '../../../src/actors/mqtt-link/inbound.js';
import { LinkMetrics } from '../../../src/actors/mqtt-link/link-metrics.js';
import { Metrics, silentLogger, systemClock } from '../../../src/runtime/index.js';
import { type TestSystem, testSystem } from '../../fakes/runtime.js';
import { SCRIBE, type ScribeContext, scribeOptions, scribeType } from './scribe.js';

const packet = (messageId: number, text: string, dup = false): IPublishPacket => ({
  cmd: 'publish',
  topic: 'heard',
  payload: Buffer.from(text),
  qos: 1,
  dup,
  retain: false,
  messageId,
});

const inboundOf = ({ system }: TestSystem): Inbound =>
  new Inbound(
    { ...scribeOptions, url: 'mqtt://127.0.0.1' },
    system,
    new LinkMetrics({ metrics: new Metrics(), logger: silentLogger(), clock: systemClock }),
  );

const start = (t: TestContext) => testSystem(t, [scribeType(() => {})]);

async function scribe({ system }: TestSystem): Promise<ScribeContext> {
  await system.settled();
  const snapshot = system.peek(SCRIBE);
  assert.ok(snapshot);
  return snapshot.context as ScribeContext;
}

const heard = async (system: TestSystem): Promise<readonly string[]> =>
  (await scribe(system)).heard.filter((text) => text !== 'UP');

describe('messages of a broker', () => {
  it('SUA-5 what was stored and comes again is dropped, after a crash too', async (t) => {
    const first = await start(t);
    const inbound = inboundOf(first);
    inbound.accepted(true);
    await Promise.all([inbound.take(packet(7, 'a')), inbound.take(packet(8, 'a')), inbound.take(packet(9, 'b'))]);
    const second = await first.crash();
    const again = inboundOf(second);
    again.accepted(true);
    await again.take(packet(8, 'a', true));
    await again.take(packet(9, 'b', true));
    await again.take(packet(10, 'b', true));
    assert.deepEqual(await heard(second), ['a', 'a', 'b', 'b']);
  });

  it('only what is marked as a redelivery is one', async (t) => {
    const system = await start(t);
    const inbound = inboundOf(system);
    inbound.accepted(true);
    await inbound.take(packet(7, 'a'));
    await inbound.take(packet(7, 'a'));
    await inbound.take(packet(7, 'b', true));
    assert.deepEqual(await heard(system), ['a', 'a', 'b']);
  });

  it('a new session begins with nothing received', async (t) => {
    const system = await start(t);
    const inbound = inboundOf(system);
    await inbound.take(packet(7, 'a'));
    inbound.accepted(false);
    await inbound.take(packet(7, 'a', true));
    assert.deepEqual(await heard(system), ['a', 'a']);
  });

  it('the memory is bounded and forgets the oldest', async (t) => {
    const system = await start(t);
    const inbound = inboundOf(system);
    for (let id = 1; id <= 1_100; id++) await inbound.take(packet(id, '#'));
    await inbound.take(packet(1_100, '#', true));
    await inbound.take(packet(1, '#', true));
    assert.equal((await scribe(system)).counted, 1_101);
    assert.equal([...system.system.commit.range('meta', 'mqtt-link/', 'mqtt-link/\uffff')].length, 1_024);
  });
});

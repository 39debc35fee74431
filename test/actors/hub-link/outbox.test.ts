import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { decodeEntry, encodeEntry, HubOutbox } from '../../../src/actors/hub-link/outbox.js';
import type { PublishOutput } from '../../../src/actors/mqtt-link/index.js';
import { Metrics, Refusals, silentLogger } from '../../../src/runtime/index.js';
import { eventually, type TestSystem, testSystem } from '../../fakes/runtime.js';

const entry = (text: string, topic = 'e/t/edge:car') => encodeEntry({ topic, payload: Buffer.from(text) });

async function open(t: TestContext, running?: TestSystem, boundBytes = 1_000_000) {
  const system = running ?? (await testSystem(t, []));
  const metrics = new Metrics();
  const published: string[] = [];
  const hub = { take: async (_output: PublishOutput, _id: string): Promise<void> => {} };
  const outbox = new HubOutbox({
    system: system.system,
    clock: system.clock,
    metrics,
    refusals: new Refusals({ boundary: 'hub_link', metrics, logger: silentLogger(), clock: system.clock }),
    boundBytes,
    isOwn: (topic) => topic.includes('edge:car'),
    publish: async (output, { id }) => {
      await hub.take(output, id);
      published.push(Buffer.from(output.payload).toString());
    },
  });
  await outbox.open();
  const put = (bytes: Uint8Array) => system.system.append({ log: 'hub-outbox', payload: bytes, readers: ['hub'] });
  const refused = async (reason: string) =>
    Number(new RegExp(`hub_link_rejected_total\\{reason="${reason}"\\} (\\d+)`).exec(await metrics.text())?.[1] ?? 0);
  const forward = () => {
    const stop = new AbortController();
    const done = outbox.forward(stop.signal);
    t.after(() => stop.abort());
    return { stop: () => stop.abort(), done };
  };
  return { system, outbox, published, hub, put, refused, forward, metrics };
}

describe('the outbox of the hub link', () => {
  it('an entry is its topic and its payload, and anything else is none', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.uint8Array(), (topic, payload) => {
        const read = decodeEntry(encodeEntry({ topic, payload }));
        assert.equal(read?.topic, Buffer.from(topic).toString());
        assert.deepEqual(Buffer.from(read?.payload ?? []), Buffer.from(payload));
      }),
    );
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void decodeEntry(bytes)));
    for (const bytes of [[], [0], [0, 2, 97]]) assert.equal(decodeEntry(Buffer.from(bytes)), undefined);
  });

  it('HL-2 carries one after another, over a hub that goes and a process that is killed', async (t) => {
    const first = await open(t);
    for (const text of ['1', '2', '3', '4']) first.put(entry(text));
    first.hub.take = async ({ payload }) => {
      // The acknowledgement of the third never comes.
      if (Buffer.from(payload).toString() === '3') await new Promise(() => {});
    };
    first.forward();
    await eventually(() => first.published.length === 2, 'two are acknowledged', 30_000);
    await first.system.system.commit.flushed();
    assert.equal(first.outbox.pending.items, 2);
    const second = await open(t, await first.system.crash([]));
    const { stop, done } = second.forward();
    second.put(entry('5'));
    await eventually(() => second.published.length === 3, 'the rest is', 30_000);
    assert.deepEqual(second.published, ['3', '4', '5']);
    assert.match(await second.metrics.text(), /hub_link_forwarded_total 3/);
    stop();
    await done;
  });

  it('HL-2 a message keeps its id however often it is carried', async (t) => {
    const { put, published, hub, forward } = await open(t);
    for (const text of ['1', '2']) put(entry(text));
    const offered: string[] = [];
    hub.take = async ({ payload }, id) => {
      offered.push(`${Buffer.from(payload)} ${id}`);
      if (offered.length < 3) await new Promise(() => {});
    };
    for (let count = 1; count < 3; count++) {
      const { stop } = forward();
      await eventually(() => offered.length === count, 'it is offered', 30_000);
      stop();
    }
    forward();
    await eventually(() => published.length === 2, 'both are carried', 30_000);
    const [first, second, third, behind] = offered;
    assert.deepEqual([second, third], [first, first]);
    assert.notEqual(behind?.split(' ')[1], first?.split(' ')[1]);
  });

  it('HL-2 past its bound the oldest is dropped and counted', async (t) => {
    const { put, outbox, published, forward, refused } = await open(t, undefined, 65_536);
    for (let index = 0; index < 20; index++) put(entry(`${index}`.padEnd(10_000)));
    assert.ok(outbox.dropped > 10 && outbox.pending.bytes <= 65_536);
    assert.equal(await refused('outbox_full'), outbox.dropped);
    const kept = 20 - outbox.dropped;
    forward();
    await eventually(() => published.length === kept, 'the newest are carried', 30_000);
    assert.equal(published.at(-1)?.trim(), '19');
    assert.equal(published[0]?.trim(), String(20 - kept));
  });

  it('what another identity left, or no hub takes, is passed over and counted', async (t) => {
    const { put, published, hub, forward, refused } = await open(t);
    hub.take = async ({ payload }) => {
      if (Buffer.from(payload).toString() === 'bad') throw new Error('invalid topic');
    };
    put(entry('old', 'e/t/edge:other'));
    put(Buffer.from([0, 9]));
    put(entry('bad'));
    put(entry('good'));
    forward();
    await eventually(() => published.length === 1, 'the good one is carried', 30_000);
    assert.deepEqual(published, ['good']);
    assert.equal(await refused('foreign_topic'), 2);
    assert.equal(await refused('unpublishable'), 1);
  });
});

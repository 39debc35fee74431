import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { hubTypes } from '../../../src/hub.js';
import { recordActor } from '../../../src/runtime/inspection/recorder.js';
import { RecordedFixtures } from '../recorded-fixtures.js';
import { VIN } from './records.js';
import { connection, presence, start } from './running.js';

const ADDRESS = `presence/${VIN}`;
const fixtures = new RecordedFixtures('vehicles', hubTypes);

type Running = Awaited<ReturnType<typeof start>>;

/** A vehicle whose presence is recorded; resolves with what was recorded. */
const flows: Readonly<Record<string, (t: TestContext) => Promise<string[]>>> = {
  'network-change': (t) =>
    recorded(t, async (hub) => {
      hub.open(connection('wifi'));
      hub.open(connection('lte', { networkInterface: 'lte' }));
      hub.close('wifi');
      await hub.system.settled();
      hub.close('lte');
      await hub.system.settled();
      await hub.clock.advance(1_000);
      hub.open(connection('wifi-2'));
      await hub.system.settled();
      hub.close('wifi-2');
      await hub.system.settled();
      await hub.clock.advance(presence.offlineAfterMs);
    }),
  silence: (t) =>
    recorded(t, async (hub) => {
      hub.open(connection('wifi'));
      await hub.system.settled();
      await hub.clock.advance(presence.silentAfterMs + 30_000);
      hub.heard('wifi', hub.clock.now());
      await hub.clock.advance(30_000);
    }),
  restart: async (t) => {
    const hub = await start(t);
    hub.open(connection('wifi'));
    await hub.system.settled();
    await hub.clock.advance(15_000);
    const lines: string[] = [];
    const next = await hub.crash(({ system }) => void recordActor(system, ADDRESS, (line) => lines.push(line)));
    await next.system.settled();
    await next.clock.advance(5_000);
    next.open(connection('wifi-2'));
    await next.system.settled();
    return lines;
  },
};

async function recorded(t: TestContext, run: (hub: Running) => Promise<void>): Promise<string[]> {
  const hub = await start(t);
  const lines: string[] = [];
  recordActor(hub.system, ADDRESS, (line) => lines.push(line));
  await run(hub);
  await hub.system.settled();
  return lines;
}

describe('recorded flows of presence', () => {
  for (const [name, flow] of Object.entries(flows)) {
    it(`${name} gives what it gave, and replays`, async (t) => {
      const lines = await flow(t);
      assert.ok(lines.length > 0);
      fixtures.checkFlow(name, lines);
    });
  }

  it('there is one of each flow, all replay, and every state is in one', async () => {
    await fixtures.checkFolder(flows);
    const all = fixtures.all();
    for (const state of ['online', 'silent', 'leaving', 'returning', 'offline']) {
      assert.ok(all.includes(`"${state}"`), state);
    }
  });
});

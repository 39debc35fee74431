import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { START } from '../../fakes/runtime.js';
import { until } from '../../fakes/until.js';
import { alertRecord, dataRecord, errorRecord, passedOver, txid, VIN } from './records.js';
import { connection, presence, start } from './running.js';

describe('presence of vehicles', () => {
  it('FT-CON-4 a vehicle is online while one connection lives, and a while longer', async (t) => {
    const hub = await start(t);
    hub.open(connection('a'));
    hub.open(connection('b', { networkInterface: 'lte' }));
    hub.close('a');
    const vehicle = await hub.json(`/${VIN}`);
    assert.deepEqual(
      [vehicle.online, vehicle.state, vehicle.networkInterface, vehicle.sessions, vehicle.connections.length],
      [true, 'online', 'lte', 1, 1],
    );
    hub.close('b');
    assert.equal(await hub.state(), 'leaving');
    assert.equal((await hub.json(`/${VIN}`)).online, true);
    await hub.clock.advance(presence.offlineAfterMs);
    assert.equal(await hub.state(), 'offline');
    assert.deepEqual((await hub.json('')).states, { online: 0, silent: 0, leaving: 0, returning: 0, offline: 1 });
  });

  it('FT-CON-4 after a crash presence becomes right: who comes back was there, who does not is offline', async (t) => {
    const hub = await start(t);
    hub.open(connection('a'));
    hub.open(connection('b', { vin: 'OTHER' }));
    await hub.system.settled();
    await hub.clock.advance(15_000);
    await hub.system.settled();
    const next = await hub.crash();
    assert.equal(await next.state(), 'returning');
    next.open(connection('c'));
    assert.equal(await next.state(), 'online');
    await next.clock.advance(presence.restartGraceMs);
    const { vehicles } = await next.json('');
    assert.deepEqual(
      vehicles.map(({ vin, state, sessions }: Record<string, unknown>) => [vin, state, sessions]),
      [
        [VIN, 'online', 1],
        ['OTHER', 'offline', 1],
      ],
    );
    for (const vin of [VIN, 'OTHER']) {
      const [gap] = (await next.json(`/${vin}/gaps`)).gaps;
      assert.deepEqual([gap.kind, gap.from], ['outage', START + 10_000], vin);
      assert.ok(gap.to >= gap.from);
    }
    assert.deepEqual((await next.json('')).states, { online: 1, silent: 0, leaving: 0, returning: 0, offline: 1 });
  });

  it('FT-CON-4 an orderly restart does not show either', async (t) => {
    const hub = await start(t);
    hub.open(connection('a'));
    await hub.system.settled();
    hub.close('a');
    await hub.system.settled();
    const next = await hub.reopen();
    assert.equal(await next.state(), 'returning');
    next.open(connection('b'));
    assert.equal(await next.state(), 'online');
    assert.equal((await next.json(`/${VIN}`)).sessions, 1);
  });

  it('PAS-1 vehicles that change nothing leave memory, and are listed all the same', async (t) => {
    const hub = await start(t);
    for (let index = 0; index < 500; index++) hub.open(connection(`c${index}`, { vin: `VIN${1_000 + index}` }));
    await hub.system.settled();
    await hub.clock.advance(20_000);
    await hub.system.settled();
    assert.equal(hub.system.liveCount, 0);
    const pages = [];
    for (let cursor = ''; ; ) {
      const { vehicles, next } = await hub.json(`?limit=200&online=true&cursor=${cursor}`);
      pages.push(vehicles.length);
      if (next === null) break;
      cursor = next;
    }
    assert.deepEqual(pages, [200, 200, 100]);
    assert.equal((await hub.json('?online=false')).vehicles.length, 0);
    assert.deepEqual(
      (await hub.json('?q=vin1499')).vehicles.map(({ vin }: { vin: string }) => vin),
      ['VIN1499'],
    );
    assert.equal((await hub.get('?limit=0')).statusCode, 400);
  });

  it('REF-2 of a vehicle that comes and goes five lines a minute are written, the others are counted', async (t) => {
    const hub = await start(t, {}, { offlineAfterMs: 1_000 });
    const comeAndGo = async (vin: string): Promise<void> => {
      hub.open(connection(vin, { vin }));
      await hub.system.settled();
      hub.close(vin);
      await hub.system.settled();
      await hub.clock.advance(1_000);
      await hub.system.settled();
    };
    const told = (vin: string) =>
      ['vehicle_online', 'vehicle_offline'].map(
        (message) => hub.lines(message).filter((line) => line['vin'] === vin).length,
      );
    for (let time = 0; time < 10; time++) await comeAndGo('A');
    await comeAndGo('B');
    assert.deepEqual(
      [told('A'), told('B')],
      [
        [3, 2],
        [1, 1],
      ],
    );
    await hub.clock.advance(60_000);
    await comeAndGo('A');
    assert.deepEqual(told('A'), [4, 3]);
    assert.equal(hub.lines('vehicle_online').at(-1)?.['repeated'], 15);
    assert.equal((await hub.json('/A')).sessions, 11, 'each counts');
  });

  it('REF-2 of its gaps likewise', async (t) => {
    const hub = await start(t);
    for (let jump = 0; jump <= 20; jump++) {
      hub.append(dataRecord({ Soc: { intValue: jump } }, { received: jump * 2 * 60_000, txid: txid(jump * 10) }));
    }
    await hub.signal('Soc', 20);
    assert.equal(hub.lines('telemetry_gap').length, 5);
    await hub.clock.advance(60_000);
    hub.append(dataRecord({ Soc: { intValue: 21 } }, { received: 21 * 2 * 60_000, txid: txid(210) }));
    await hub.signal('Soc', 21);
    assert.equal(hub.lines('telemetry_gap').at(-1)?.['repeated'], 15);
    assert.equal((await hub.json(`/${VIN}/gaps`)).gaps.length, 21);
  });

  it('a connected vehicle that sends nothing is silent until something comes', async (t) => {
    const hub = await start(t);
    hub.open(connection('a'));
    await hub.system.settled();
    await hub.clock.advance(presence.silentAfterMs + 30_000);
    assert.equal(await hub.state(), 'silent');
    assert.deepEqual((await hub.json(`/${VIN}/gaps`)).gaps, [{ kind: 'silent', from: START, to: null, times: 1 }]);
    const at = hub.clock.now() + 1_000;
    hub.heard('a', at);
    await hub.clock.advance(30_000);
    assert.equal(await hub.state(), 'online');
    assert.deepEqual((await hub.json(`/${VIN}/gaps`)).gaps, [{ kind: 'silent', from: START, to: at, times: 1 }]);
  });
});

describe('last values', () => {
  it('are read behind the acknowledgement, and told with an entity tag', async (t) => {
    const hub = await start(t);
    hub.append(dataRecord({ Soc: { stringValue: '55.5' }, Gear: { shiftStateValue: 'ShiftStateD' } }));
    await hub.signal('Soc', 55.5);
    const answer = await hub.get(`/${VIN}/signals`);
    assert.equal(answer.json().signals.length, 2);
    const { etag } = answer;
    assert.equal((await hub.get(`/${VIN}/signals`, { 'if-none-match': etag })).statusCode, 304);
    hub.append(dataRecord({ Soc: { stringValue: '56.5' } }));
    await hub.signal('Soc', 56.5);
    assert.equal((await hub.get(`/${VIN}/signals`, { 'if-none-match': etag })).statusCode, 200);
    assert.equal((await hub.get(`/${VIN}/signals?name=NoSuchSignal`)).statusCode, 400);
    assert.equal((await hub.get('/NOBODY/signals')).statusCode, 404);
    assert.equal((await hub.get('/NOBODY')).statusCode, 404);
  });

  it('FO-1 survive a crash at any moment, and so do gaps, alerts and errors', async (t) => {
    let hub = await start(t);
    for (let round = 1; round <= 4; round++) {
      hub.append(
        dataRecord({ Soc: { intValue: round } }, { received: round * 600_000, txid: txid(round * 10) }),
        alertRecord('A', START + round),
        errorRecord(`E${round}`, START + round),
      );
      await hub.signal('Soc', round);
      // Before it is written, and after.
      if (round % 2 === 0) {
        await hub.clock.advance(10_000);
        await until(async () => {
          await hub.system.commit.flushed();
          return hub.reader.pending().items === 0;
        }, 'all is written');
      }
      hub = await hub.crash();
      await hub.signal('Soc', round);
    }
    const { gaps } = await hub.json(`/${VIN}/gaps`);
    assert.deepEqual(
      gaps.map(({ kind, records }: Record<string, unknown>) => [kind, records]),
      [
        ['missing', 9],
        ['missing', 9],
        ['missing', 9],
      ],
    );
    const { active, errors } = await hub.json(`/${VIN}/alerts`);
    assert.deepEqual([active.length, errors.length], [1, 4]);
  });

  it('FT-AUTH-3 nothing is missing because the hub was down, however it went', async (t) => {
    let hub = await start(t);
    let count = 0;
    const next = () => ({ txid: txid(++count) });
    for (const leave of ['crash', 'reopen', 'crash', 'reopen'] as const) {
      hub.append(dataRecord({ Soc: { intValue: count } }, next()), passedOver(next()), passedOver(next()));
      await hub.signal('Soc', count - 3);
      // What came last is not read before the end.
      hub.append(passedOver(next()));
      await hub.system.commit.flushed();
      hub = await hub[leave]();
    }
    hub.append(dataRecord({ Odometer: { intValue: 1 } }, next()));
    await hub.signal('Odometer', 1);
    assert.deepEqual((await hub.json(`/${VIN}/gaps`)).gaps, []);
    hub.append(passedOver({ vin: 'OTHER', txid: txid(1) }), dataRecord({ Odometer: { intValue: 2 } }, next()));
    await hub.signal('Odometer', 2);
    assert.equal((await hub.get('/OTHER/signals')).statusCode, 404, 'it has sent no record');
  });

  it('KV-4 nothing is missing that was dropped unread, before a crash or after it', async (t) => {
    let hub = await start(t, { boundBytes: 2_000 });
    hub.append(dataRecord({ Soc: { intValue: 1 } }, { txid: txid(1) }));
    await hub.signal('Soc', 1);
    for (let count = 2; count <= 100; count++) {
      hub.append(dataRecord({ Soc: { intValue: count } }, { txid: txid(count) }));
    }
    await hub.system.commit.flushed();
    assert.ok(hub.reader.dropped > 50);
    hub = await hub.crash();
    await hub.signal('Soc', 100);
    assert.deepEqual((await hub.json(`/${VIN}/gaps`)).gaps, []);
    hub.append(dataRecord({ Soc: { intValue: 102 } }, { txid: txid(102) }));
    await hub.signal('Soc', 102);
    assert.equal((await hub.json(`/${VIN}/gaps`)).gaps[0].records, 1);
  });

  it('are of no more vehicles than there is room for, and leave memory', async (t) => {
    const hub = await start(t, { maxVehicles: 3 });
    for (let index = 0; index < 6; index++) hub.append(dataRecord({ Soc: { intValue: index } }, { vin: `V${index}` }));
    hub.append(dataRecord({ Soc: { intValue: 7 } }));
    await hub.signal('Soc', 7);
    const next = await hub.reopen();
    const kept = [];
    for (let index = 0; index < 6; index++) kept.push((await next.get(`/V${index}/signals`)).statusCode);
    assert.deepEqual(kept, [200, 200, 200, 404, 404, 404]);
  });

  it('can be switched off; presence stays', async (t) => {
    const hub = await start(t, null);
    hub.open(connection('a'));
    assert.equal(await hub.state(), 'online');
    assert.equal((await hub.get(`/${VIN}/signals`)).statusCode, 501);
  });

  it('are forgotten with the vehicle, once it is offline', async (t) => {
    const hub = await start(t);
    hub.open(connection('a'));
    hub.append(dataRecord({ Soc: { intValue: 1 } }));
    await hub.signal('Soc', 1);
    assert.equal(await hub.forget(), 409);
    hub.close('a');
    await hub.system.settled();
    await hub.clock.advance(presence.offlineAfterMs);
    assert.equal(await hub.forget(), 204);
    assert.deepEqual((await hub.json('')).vehicles, []);
    const next = await hub.reopen();
    assert.deepEqual((await next.json('')).vehicles, []);
  });

  it('KS-2 a vehicle is forgotten with what the spool has of it, also after a crash', async (t) => {
    const hub = await start(t);
    hub.append(dataRecord({ Soc: { intValue: 1 } }));
    await hub.signal('Soc', 1);
    assert.equal(await hub.forget(), 204, 'values without presence');
    assert.equal((await hub.get(`/${VIN}/signals`)).statusCode, 404);
    await hub.system.commit.flushed();
    const next = await hub.crash();
    next.append(dataRecord({ Odometer: { intValue: 2 } }));
    await next.signal('Odometer', 2);
    const { signals } = await next.json(`/${VIN}/signals`);
    assert.deepEqual(
      signals.map(({ name }: { name: string }) => name),
      ['Odometer'],
    );
    assert.equal(await next.forget(), 204);
    assert.equal(await next.forget(), 404);
    await next.clock.advance(10_000);
    await until(async () => {
      await next.system.commit.flushed();
      return next.reader.pending().items === 0;
    }, 'all is confirmed');
    const last = await next.reopen();
    assert.equal((await last.get(`/${VIN}/signals`)).statusCode, 404);
  });

  it('are of what the vehicle sends: records of the server itself say nothing of when it was heard', async (t) => {
    const hub = await start(t);
    hub.append(dataRecord({ Soc: { intValue: 1 } }, { received: 1_000 }));
    const { origin: _, ...own } = dataRecord({}, { received: 9_000 });
    hub.append({ ...own, type: 'connectivity' }, dataRecord({ Gear: { intValue: 1 } }, { received: 2_000 }));
    await until(async () => (await hub.json(`/${VIN}/signals`)).signals?.length === 2, 'all is read');
    assert.equal((await hub.json(`/${VIN}/signals`)).lastRecordAt, START + 2_000);
  });
});

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { type StatsdDeps, StatsdSender } from '../../../src/actors/monitoring/statsd/statsd-sender.js';
import { createLogger, ManualClock, Metrics } from '../../../src/runtime/index.js';
import { eventually } from '../../fakes/ingest-hub.js';

/** A server that keeps the lines it gets, in order. */
async function statsdServer(t: TestContext) {
  const socket = createSocket('udp4');
  const lines: string[] = [];
  socket.on('message', (datagram) => lines.push(...datagram.toString().split('\n')));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  return { port: socket.address().port, lines };
}

function sending(t: TestContext, port: number, options: Partial<StatsdDeps> = {}) {
  const clock = new ManualClock(1_000_000);
  const metrics = new Metrics();
  const log: Record<string, unknown>[] = [];
  const logger = createLogger({ level: 'info', clock, destination: { write: (line) => log.push(JSON.parse(line)) } });
  const settings = { host: '127.0.0.1', port, prefix: 'fleet.', flushPeriodMs: 100 };
  const sender = new StatsdSender({ settings, metrics, clock, logger, ...options });
  t.after(() => sender.stop());
  return { sender, clock, metrics, log };
}

describe('the StatsD sender', () => {
  it('spec 8.1 sends the growth of counters each period, gauges less often, and the rest when it stops', async (t) => {
    const server = await statsdServer(t);
    const { sender, clock, metrics, log } = sending(t, server.port);
    const records = metrics.tallies({ name: 'record_total', help: 'R.', labels: ['record_type'] });
    metrics.gauge({ name: 'num_connections', help: 'C.', collect: (gauge) => gauge.set(4) });
    records.with({ record_type: 'V' }).add(2);
    await sender.start();
    assert.deepEqual(log[0]?.['flush_period'], 100);
    await clock.advance(100);
    await eventually(() => server.lines.length === 2, 'the first lines');
    assert.deepEqual(server.lines, ['fleet.record_total,record_type=V:2|c', 'fleet.num_connections:4|g']);
    records.with({ record_type: 'V' }).inc();
    await eventually(async () => {
      await clock.advance(100);
      return server.lines.length === 3;
    }, 'the next one');
    assert.equal(server.lines[2], 'fleet.record_total,record_type=V:1|c');
    records.with({ record_type: 'V' }).add(7);
    await sender.stop();
    await eventually(() => server.lines.includes('fleet.record_total,record_type=V:7|c'), 'the last ones');
  });

  it('STD-1 STD-2 a name that does not resolve hurts nobody, and what grew meanwhile is sent when it does', async (t) => {
    const server = await statsdServer(t);
    let isKnown = false;
    const asked: string[] = [];
    const resolve = async (host: string) => {
      asked.push(host);
      if (!isKnown) throw new Error('ENOTFOUND');
      return { address: '127.0.0.1', family: 4 };
    };
    const { sender, clock, metrics, log } = sending(t, server.port, { resolve });
    const total = metrics.tallies({ name: 'a_total', help: 'A.' }).with({});
    await sender.start();
    await eventually(async () => {
      total.inc();
      await clock.advance(100);
      return asked.length === 2;
    }, 'a second look-up');
    assert.ok(total.value > 10, 'not with each period');
    assert.equal(log.filter(({ msg }) => msg === 'statsd_failed').length, 1, 'once a minute');
    isKnown = true;
    await eventually(async () => {
      await clock.advance(1_000);
      return server.lines.length > 0;
    }, 'the lines');
    assert.ok(server.lines.includes(`fleet.a_total:${total.value}|c`), server.lines.join());
  });

  it('STD-1 nobody listens, or a socket cannot send: it goes on', async (t) => {
    const { sender, clock, metrics, log } = sending(t, 9, {
      resolve: async () => ({ address: '256.0.0.1', family: 4 }),
    });
    const total = metrics.tallies({ name: 'a_total', help: 'A.' }).with({});
    await sender.start();
    await eventually(async () => {
      total.inc();
      await clock.advance(100);
      return log.some(({ msg }) => msg === 'statsd_failed');
    }, 'the failure');
    await sender.stop();
    await sender.stop();
  });

  it('STD-1 STD-2 a socket that cannot be bound is tried anew, and what grew meanwhile is sent', async (t) => {
    const server = await statsdServer(t);
    let isFull = true;
    let tries = 0;
    const openSocket: StatsdDeps['openSocket'] = (type) => {
      const socket = createSocket(type);
      tries += 1;
      if (isFull) {
        socket.bind = () => {
          socket.emit('error', new Error('EMFILE'));
          return socket;
        };
      }
      return socket;
    };
    const { sender, clock, metrics, log } = sending(t, server.port, { openSocket });
    const total = metrics.tallies({ name: 'a_total', help: 'A.' }).with({});
    await sender.start();
    await eventually(async () => {
      total.inc();
      await clock.advance(100);
      return tries >= 3;
    }, 'three tries');
    assert.match(JSON.stringify(log), /EMFILE/);
    isFull = false;
    await eventually(async () => {
      await clock.advance(100);
      return server.lines.length > 0;
    }, 'the lines');
    assert.ok(server.lines.includes(`fleet.a_total:${total.value}|c`), server.lines.join());
  });

  it('STD-1 a stop waits for no resolver beyond its deadline', async (t) => {
    let asked = 0;
    const resolve = () => {
      asked += 1;
      return new Promise<never>(() => {});
    };
    const { sender, clock } = sending(t, 9, { resolve });
    await sender.start();
    await clock.advance(100);
    await eventually(() => asked === 1, 'the look-up');
    const stopped = sender.stop(1_000);
    await clock.advance(1_000);
    await stopped;
  });
});

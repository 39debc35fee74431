import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import * as zeromq from 'zeromq';
import type { Library } from '../../../src/actors/dispatch/zmq/publisher.js';
import { createZmqDispatcher, type ZmqDispatcherOptions } from '../../../src/actors/dispatch/zmq/zmq-dispatcher.js';
import { ManualClock, systemClock } from '../../../src/runtime/clock.js';
import { turn } from '../../fakes/held-calls.js';
import { freePort } from '../../fakes/mosquitto.js';
import { temporaryFolder } from '../../fakes/runtime.js';
import { until } from '../../fakes/until.js';
import { dispatcherSuite } from './abstract-suite.js';
import { numberOf, sampleFormats, sampleRecord, sampleRecords } from './sample-records.js';

const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
const withoutIpv6 = !addresses.some(({ address }) => address === '::1') && 'no IPv6 on this machine';
const signal = new AbortController().signal;

const optionsFor = (address: string, options: Partial<ZmqDispatcherOptions> = {}): ZmqDispatcherOptions => ({
  address,
  serverKeyFile: '',
  allowedKeysFile: '',
  verbose: false,
  highWaterMark: 1_000,
  slowSubscriber: 'wait',
  nobodyListens: 'drop',
  joinMs: 0,
  formats: sampleFormats,
  clock: systemClock,
  ...options,
});

function dispatcherFor(t: TestContext, address: string, options: Partial<ZmqDispatcherOptions> = {}) {
  const dispatcher = createZmqDispatcher(optionsFor(address, options));
  t.after(() => dispatcher.close(0));
  return dispatcher;
}

/** What came over a subscriber in this process. */
function subscribe(t: TestContext, address: string, options: zeromq.SocketOptions<zeromq.Subscriber> = {}) {
  const socket = new zeromq.Subscriber({ reconnectInterval: 20, linger: 0, ...options });
  t.after(() => socket.close());
  socket.subscribe('');
  socket.connect(address);
  const bodies: string[] = [];
  void (async () => {
    try {
      for await (const [, body] of socket) bodies.push(`${body}`);
    } catch {
      // Closed.
    }
  })();
  return bodies;
}

async function listen(port: number): Promise<Server> {
  let server = createServer();
  await until(() => {
    // One for each try: listeners of those that failed would stay.
    server = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1');
    return once(server, 'listening').then(
      () => true,
      () => false,
    );
  }, 'the port to be free');
  return server;
}

dispatcherSuite('zmq', async (t) => {
  const port = await freePort();
  const address = `tcp://127.0.0.1:${port}`;
  let bound: zeromq.XPublisher | undefined;
  /** The real library, whose sockets this test can reach. */
  class XPublisher extends zeromq.XPublisher {
    constructor(options?: zeromq.SocketOptions<zeromq.XPublisher>) {
      super(options);
      bound = this;
    }
  }
  const load = async (): Promise<Library> => ({ ...zeromq, XPublisher });
  // Waiting for the subscriber shows that it is there.
  const dispatcher = dispatcherFor(t, address, { load, nobodyListens: 'wait' });
  const bodies = subscribe(t, address);
  const numbers = (): number[] => bodies.map((body) => numberOf((JSON.parse(body) as { txid: string }).txid));
  let marks = 0;
  let occupant: Server | undefined;
  const comeBack = async (): Promise<void> => {
    await new Promise((resolve) => (occupant ? occupant.close(resolve) : resolve(undefined)));
    occupant = undefined;
  };
  t.after(comeBack);
  return {
    dispatcher,
    received: async () => {
      const mark = -++marks;
      if ((await dispatcher.deliver([sampleRecord(mark)], signal)).delivered === 1) {
        await until(() => numbers().includes(mark), 'the mark');
      }
      return numbers().filter((number) => number >= 0);
    },
    // Its socket breaks, with what it holds sent, and another process takes the address.
    vanish: async () => {
      if (bound) bound.linger = 60_000;
      bound?.close();
      occupant = await listen(port);
    },
    comeBack,
  };
});

describe('the zmq dispatcher', () => {
  it('ZMD-1 spec 5.4 confirms what nobody listens to, as the reference does', async (t) => {
    const published: [string, number][] = [];
    const onPublished = (type: string, bytes: number): unknown => published.push([type, bytes]);
    const formats = {
      ...sampleFormats,
      topic: () => ({ ok: true, value: { topic: 't_V', body: Buffer.from('12345') } }) as const,
    };
    const dispatcher = dispatcherFor(t, `tcp://127.0.0.1:${await freePort()}`, { onPublished, formats });
    await dispatcher.connect(signal);
    assert.deepEqual(await dispatcher.deliver(sampleRecords(1, 2), signal), { delivered: 2, refused: [] });
    assert.deepEqual(published, [
      ['V', 8],
      ['V', 8],
    ]);
    assert.equal(dispatcher.confirmation, 'relayed');
  });

  it('says what to do about an address that is in use, and has it once it is free', async (t) => {
    const port = await freePort();
    const occupant = await listen(port);
    t.after(() => occupant.close());
    const dispatcher = dispatcherFor(t, `tcp://127.0.0.1:${port}`);
    await assert.rejects(dispatcher.connect(signal), {
      code: 'DISPATCH_ZMQ_UNBOUND',
      message: new RegExp(
        `^tcp://127\\.0\\.0\\.1:${port}: the address is in use: another process listens there.*set zmq\\.addr to another port$`,
      ),
    });
    await new Promise((resolve) => occupant.close(resolve));
    await dispatcher.connect(signal);
    assert.equal((await dispatcher.deliver([sampleRecord(1)], signal)).delivered, 1);
  });

  it('says what is wrong with an address', async (t) => {
    for (const [address, reason] of [
      ['tcp://192.0.2.1:5284', /no such address; zmq\.addr takes \*/],
      ['tcp://nowhere0:5284', /no such interface; zmq\.addr takes \*/],
      ['ipc:///nowhere/at/all', /the folder of the socket does not exist/],
    ] as const) {
      await assert.rejects(dispatcherFor(t, address).connect(signal), {
        code: 'DISPATCH_ZMQ_UNBOUND',
        message: reason,
      });
    }
  });

  it('is bound to IPv6 where the address says so', { skip: withoutIpv6 }, async (t) => {
    const address = `tcp://[::1]:${await freePort()}`;
    const dispatcher = dispatcherFor(t, address, { nobodyListens: 'wait' });
    const bodies = subscribe(t, address, { ipv6: true });
    await dispatcher.connect(signal);
    assert.equal((await dispatcher.deliver([sampleRecord(1)], signal)).delivered, 1);
    await until(() => bodies.length === 1, 'delivery');
  });

  it('says what is wrong with its key files without showing a key', async (t) => {
    const folder = temporaryFolder(t);
    const { secretKey, publicKey } = zeromq.curveKeyPair();
    const file = (name: string, text: string): string => {
      const path = join(folder, name);
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    };
    const good = file('good.json', JSON.stringify({ Secret: secretKey, Public: publicKey }));
    const address = `tcp://127.0.0.1:${await freePort()}`;
    const complaints = [
      [join(folder, 'nowhere.json'), '', /server_key_json_path: ENOENT/],
      [file('text', `{"secret": "${secretKey}"`), '', /server_key_json_path: .*text is no JSON$/],
      [file('short', JSON.stringify({ secret: secretKey.slice(1) })), '', /short holds no \{"secret": KEY/],
      [file('list', JSON.stringify([secretKey])), '', /list holds no \{"secret": KEY/],
      [good, join(folder, 'nowhere.json'), /allowed_public_keys_json_path: ENOENT/],
      [good, file('object', '{}'), /object holds no JSON array of public keys/],
      [good, file('entry', JSON.stringify([publicKey, 'x'])), /entry: entry 1 is no public key/],
    ] as const;
    for (const [serverKeyFile, allowedKeysFile, reason] of complaints) {
      await assert.rejects(
        dispatcherFor(t, address, { serverKeyFile, allowedKeysFile }).connect(signal),
        ({ code, message }: Error & { code: string }) => {
          assert.equal(code, 'DISPATCH_ZMQ_KEYS_UNUSABLE');
          assert.match(message, reason);
          return !message.includes(secretKey.slice(1, 9));
        },
      );
    }
    await dispatcherFor(t, address, { serverKeyFile: good }).connect(signal);
  });

  it('gives subscribers the time to come back before it publishes', async (t) => {
    const clock = new ManualClock(0, turn);
    const dispatcher = dispatcherFor(t, `tcp://127.0.0.1:${await freePort()}`, { clock, joinMs: 1_000 });
    const connected = dispatcher.connect(signal);
    await until(() => clock.pending > 0, 'the pause');
    await clock.advance(999);
    assert.equal(clock.pending, 1);
    await clock.advance(1);
    await connected;
  });

  it('waits for a first subscriber until its patience ends, or it is told to give up', async (t) => {
    const address = `tcp://127.0.0.1:${await freePort()}`;
    const dispatcher = dispatcherFor(t, address, { nobodyListens: 'wait', patienceMs: 1 });
    await assert.rejects(dispatcher.connect(signal), {
      code: 'DISPATCH_ZMQ_NOBODY',
      message: `nobody has subscribed at ${address}, and records wait: connect a subscriber, or set fleetchart.zmq.nobodyListens to drop`,
    });
    assert.equal((await dispatcher.deliver([sampleRecord(1)], signal)).failure?.code, 'DISPATCH_ZMQ_NOBODY');

    const patient = dispatcherFor(t, `tcp://127.0.0.1:${await freePort()}`, { nobodyListens: 'wait' });
    const stop = new AbortController();
    const connecting = patient.connect(stop.signal);
    stop.abort();
    await assert.rejects(connecting, { code: 'DISPATCH_ABORTED' });
  });

  it('ZMP-1 is open once somebody has subscribed, and lost when the last one is gone', async (t) => {
    const address = `tcp://127.0.0.1:${await freePort()}`;
    const dispatcher = dispatcherFor(t, address, { nobodyListens: 'wait', patienceMs: 60_000 });
    const losses: string[] = [];
    dispatcher.onLost(({ code }) => losses.push(code));
    const connecting = dispatcher.connect(signal);
    const socket = new zeromq.Subscriber({ linger: 0 });
    t.after(() => socket.close());
    socket.connect(address);
    socket.subscribe('fleet_V', 'fleet_alerts');
    await connecting;
    assert.equal((await dispatcher.deliver([sampleRecord(1)], signal)).delivered, 1);
    socket.unsubscribe('fleet_alerts');
    assert.equal((await dispatcher.deliver([sampleRecord(2)], signal)).delivered, 1);
    assert.deepEqual(losses, []);
    socket.close();
    await until(() => losses.length > 0, 'the loss');
    assert.deepEqual(losses, ['DISPATCH_ZMQ_NOBODY']);
    assert.equal((await dispatcher.deliver([sampleRecord(3)], signal)).failure?.code, 'DISPATCH_ZMQ_NOBODY');
  });

  it('leaves nothing bound where it is told to give up while it binds', async (t) => {
    const port = await freePort();
    let isBound = false;
    let goOn = (): void => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    class XPublisher extends zeromq.XPublisher {
      override async bind(address: string): Promise<void> {
        await super.bind(address);
        isBound = true;
        await held;
      }
    }
    const load = async (): Promise<Library> => ({ ...zeromq, XPublisher });
    const dispatcher = dispatcherFor(t, `tcp://127.0.0.1:${port}`, { load });
    const stop = new AbortController();
    const connecting = dispatcher.connect(stop.signal);
    await until(() => isBound, 'the address to be bound');
    stop.abort();
    await dispatcher.close(0);
    goOn();
    await assert.rejects(connecting, { code: 'DISPATCH_ABORTED' });
    const occupant = await listen(port);
    t.after(() => occupant.close());
    assert.equal((await dispatcher.deliver([sampleRecord(1)], signal)).failure?.code, 'DISPATCH_NOT_CONNECTED');
  });

  it('ZMD-2 ZMD-3 ZMP-2 waits for a slow subscriber until its patience ends, and passes nothing over', async (t) => {
    const address = `tcp://127.0.0.1:${await freePort()}`;
    const formats = {
      ...sampleFormats,
      topic: () => ({ ok: true, value: { topic: 't', body: Buffer.alloc(200_000) } }) as const,
    };
    const dispatcher = dispatcherFor(t, address, { highWaterMark: 2, patienceMs: 20, formats, nobodyListens: 'wait' });
    const socket = new zeromq.Subscriber({ receiveHighWaterMark: 1, receiveBufferSize: 4_096, linger: 0 });
    t.after(() => socket.close());
    socket.subscribe('');
    socket.connect(address);
    const connected = (): Promise<boolean> =>
      dispatcher.connect(signal).then(
        () => true,
        () => false,
      );
    await until(connected, 'the subscription');
    let sent = 0;
    let failure: string | undefined;
    while (!failure) {
      const delivery = await dispatcher.deliver(sampleRecords(1, 10), signal);
      sent += delivery.delivered;
      failure = delivery.failure?.code;
    }
    assert.equal(failure, 'DISPATCH_ZMQ_SLOW');
    let taken = 0;
    const all = (async () => {
      for await (const _ of socket) if (++taken === sent + 1) return;
    })();
    await dispatcher.connect(signal);
    await until(async () => (await dispatcher.deliver([sampleRecord(1)], signal)).delivered === 1, 'room');
    await all;
    assert.equal(taken, sent + 1);
  });

  it('passes a slow subscriber by where that is asked for', async (t) => {
    const address = `tcp://127.0.0.1:${await freePort()}`;
    const formats = {
      ...sampleFormats,
      topic: () => ({ ok: true, value: { topic: 't', body: Buffer.alloc(200_000) } }) as const,
    };
    const dispatcher = dispatcherFor(t, address, {
      highWaterMark: 2,
      slowSubscriber: 'drop',
      formats,
      nobodyListens: 'wait',
    });
    const socket = new zeromq.Subscriber({ receiveHighWaterMark: 1, linger: 0 });
    t.after(() => socket.close());
    socket.subscribe('');
    socket.connect(address);
    await dispatcher.connect(signal);
    assert.equal((await dispatcher.deliver(sampleRecords(1, 500), signal)).delivered, 500);
  });

  it('DISPATCH_PACKAGE_MISSING names the package, and nothing is loaded before', async () => {
    const loads: string[] = [];
    const missing = (message: string) => {
      const load = async (): Promise<Library> => {
        loads.push('zeromq');
        throw new Error(message);
      };
      return createZmqDispatcher(optionsFor('tcp://127.0.0.1:1', { load }));
    };
    const dispatcher = missing("Cannot find package 'zeromq'");
    assert.deepEqual(loads, []);
    await assert.rejects(dispatcher.connect(signal), {
      code: 'DISPATCH_PACKAGE_MISSING',
      message:
        'the zmq dispatcher needs the package zeromq, which is not installed: npm install zeromq@6, then restart',
    });
    await assert.rejects(missing('no binary for this platform').connect(signal), {
      code: 'DISPATCH_PACKAGE_MISSING',
      message: /cannot be loaded \(no binary for this platform\)/,
    });
  });
});

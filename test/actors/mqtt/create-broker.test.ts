import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import type { BrokerContext } from '../../../src/actors/mqtt/events.js';
import { type Broker, createBroker } from '../../../src/actors/mqtt/index.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { testSystem } from '../../fakes/runtime.js';
import { until } from '../../fakes/until.js';
import { connectClient } from './broker-setup.js';

describe('the broker as an actor', () => {
  it('listens, explains a port in use while it waits, takes it when it is free, and stops', async (t) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    t.after(() => other.close());
    const { port } = other.address() as { port: number };
    let broker: Broker | undefined;
    t.after(() => broker?.close(1_000));
    const { system, clock } = await testSystem(t, []);
    broker = createBroker({ port, clock: systemClock, store: system });
    system.register(broker.type);
    const { address, input } = broker.actor;
    system.spawn(address, input);
    const state = () => system.view(address)?.state;
    const context = () => system.peek(address)?.context as BrokerContext;

    await until(() => state() === 'failed', 'the failure');
    await system.settled();
    assert.match(context().lastError?.message ?? '', new RegExp(`127.0.0.1:${port} is in use .*: stop it, or`));
    assert.equal(context().lastError?.at, clock.now());
    assert.deepEqual(system.view(address)?.waits, [
      {
        state: 'broker.failed',
        waitsFor: 'what lastError names to be put right; it tries again by itself',
        since: clock.now(),
        until: { at: clock.now() + 10_000, event: 'xstate.after.retry.broker.failed' },
      },
    ]);

    await new Promise<void>((resolve) => other.close(() => resolve()));
    await clock.advance(10_000);
    await until(() => state() === 'listening', 'listening');
    await system.settled();
    assert.equal(context().address?.url, `mqtt://127.0.0.1:${port}`);
    assert.equal(broker.url(), `mqtt://127.0.0.1:${port}`);
    const client = await connectClient(t, `mqtt://127.0.0.1:${port}`);
    assert.equal(broker.stats().connections, 1);

    system.tell(address, { type: 'broker.stop' });
    await client.closed;
    await until(() => system.view(address) === undefined, 'the end of the actor');
    assert.equal(broker.url(), undefined);
    await assert.rejects(connectClient(t, `mqtt://127.0.0.1:${port}`), { code: 'ECONNREFUSED' });
  });
});

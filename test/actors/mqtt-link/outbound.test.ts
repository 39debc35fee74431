import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PublishOutput } from '../../../src/actors/mqtt-link/index.js';
import { Outbound } from '../../../src/actors/mqtt-link/outbound.js';
import { ManualClock, pause } from '../../../src/runtime/index.js';
import { turn } from '../../fakes/held-calls.js';

const publication = (payload: string): PublishOutput => ({
  type: 'mqtt.publish',
  topic: `said/${payload}`,
  payload,
  qos: 1,
  retain: false,
});

interface Offer {
  readonly payload: string;
  readonly acknowledge: () => void;
  readonly reject: (error: Error) => void;
}

/** A connection that acknowledges what the test says, and ends when it says. */
class FakeConnection {
  isUp = true;
  wasEndedByBroker = false;
  private readonly since: number;
  private readonly losing = new AbortController();
  private readonly offers: Offer[] = [];

  constructor(private readonly clock: ManualClock) {
    this.since = clock.monotonic();
  }

  /** What is under way. */
  get offered(): string[] {
    return this.offers.map(({ payload }) => payload);
  }

  publish({ payload }: PublishOutput): Promise<void> {
    return new Promise((acknowledge, reject) => this.offers.push({ payload: `${payload}`, acknowledge, reject }));
  }

  lost(): Promise<never> {
    return Promise.resolve() as Promise<never>;
  }

  async hasLasted(ms: number, signal: AbortSignal): Promise<boolean> {
    const either = AbortSignal.any([signal, this.losing.signal]);
    await pause(this.clock, this.since + ms - this.clock.monotonic(), either).catch(() => signal.throwIfAborted());
    return this.isUp;
  }

  acknowledge(payload: string): void {
    const at = this.offered.indexOf(payload);
    assert.ok(at >= 0, `${payload} is not under way`);
    for (const { acknowledge } of this.offers.splice(at, 1)) acknowledge();
  }

  end(isByBroker: boolean): void {
    this.isUp = false;
    this.wasEndedByBroker = isByBroker;
    this.losing.abort();
    for (const { reject } of this.offers.splice(0)) reject(new Error('Connection closed'));
  }
}

function setUp() {
  const clock = new ManualClock(0, turn);
  const letters: {
    readonly address: string;
    readonly from: string | undefined;
    readonly payload: string;
    readonly attempts: number | undefined;
  }[] = [];
  const refusals: string[] = [];
  const acknowledged: string[] = [];
  let connection: FakeConnection | undefined;
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    const all = waiting;
    waiting = [];
    for (const each of all) each();
  };
  const change = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting.push(resolve);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  const outbound = new Outbound({
    link: 'role',
    clock,
    system: {
      commit: { flushed: async () => {} },
      deadLetters: {
        add: (address, message, _error, options) => {
          const { payload, from } = message as PublishOutput;
          letters.push({ address, from, payload: `${payload}`, attempts: options?.attempts });
        },
      },
    },
    metrics: { published: () => {}, refused: (_link, reason, topic) => void refusals.push(`${reason} ${topic}`) },
    online: async (signal) => {
      while (!connection?.isUp) await change(signal);
      return connection;
    },
    change,
    moved: wake,
  });
  const publish = (payload: string, signal = new AbortController().signal): Promise<void> =>
    outbound
      .publish(publication(payload), { address: 'role/r', id: payload, signal })
      .then(() => void acknowledged.push(payload));
  return {
    clock,
    outbound,
    letters,
    refusals,
    acknowledged,
    /** Another connection is up. */
    connect: async (): Promise<FakeConnection> => {
      const opened = new FakeConnection(clock);
      connection = opened;
      wake();
      await turn();
      return opened;
    },
    publish,
    /** The broker takes another. */
    takeAnother: async (): Promise<void> => {
      const done = publish('another');
      await turn();
      connection?.acknowledge('another');
      await done;
    },
  };
}

describe('publications over which a broker ends the connection', () => {
  it('LO-3 one is offered twice among others and five times alone, on connections that last ever longer without it', async () => {
    const { clock, connect, publish, takeAnother, letters, refusals, outbound } = setUp();
    const done = publish('poison');
    for (let time = 0; time < 2; time++) {
      const connection = await connect();
      assert.deepEqual(connection.offered, ['poison']);
      connection.end(true);
    }
    for (const seconds of [1, 2, 4, 8, 16]) {
      const connection = await connect();
      await takeAnother();
      await clock.advance(seconds * 1_000 - 1);
      assert.deepEqual(connection.offered, [], `not before ${seconds} s`);
      await clock.advance(1);
      assert.deepEqual(connection.offered, ['poison']);
      assert.equal(outbound.unpublished, 1);
      connection.end(true);
    }
    await done;
    assert.deepEqual(letters, [{ address: 'mqtt-link/role', from: 'role/r', payload: 'poison', attempts: 7 }]);
    assert.deepEqual(refusals, ['given_up said/poison']);
    assert.deepEqual([outbound.unpublished, clock.pending], [0, 0]);
  });

  it('LO-1 one that is acknowledged at last is not refused, and is not remembered', async () => {
    const { clock, connect, publish, refusals } = setUp();
    for (let round = 0; round < 2; round++) {
      const done = publish('late');
      for (let time = 0; time < 6; time++) {
        const connection = await connect();
        await clock.advance(16_000);
        connection.end(true);
      }
      const connection = await connect();
      await clock.advance(16_000);
      connection.acknowledge('late');
      await done;
    }
    assert.deepEqual(refusals, []);
  });

  it('LO-2 neither the network nor silence nor an end long after it says anything about one', async () => {
    const { clock, connect, publish, letters } = setUp();
    const done = publish('innocent');
    for (let time = 0; time < 50; time++) {
      const connection = await connect();
      if (time % 2 === 0) connection.end(false);
      else {
        await clock.advance(10_001);
        connection.end(true);
      }
    }
    const connection = await connect();
    assert.deepEqual(connection.offered, ['innocent'], 'it was never held back');
    connection.acknowledge('innocent');
    await done;
    assert.deepEqual(letters, []);
  });

  it('LO-2 a broker that ends after a time of its own, acknowledging nothing before, drops nothing', async () => {
    for (let period = 500; period <= 40_000; period += 500) {
      const { clock, connect, publish, letters } = setUp();
      const done = publish('innocent');
      for (let time = 0; time < 20; time++) {
        const connection = await connect();
        await clock.advance(period);
        connection.end(true);
      }
      const connection = await connect();
      await clock.advance(16_000);
      connection.acknowledge('innocent');
      await done;
      assert.deepEqual(letters, [], `${period} ms`);
    }
  });

  it('LO-3 while the broker takes nothing else, one is given up after eight times as many', async () => {
    const { clock, connect, publish, letters } = setUp();
    const done = publish('suspect');
    for (let time = 0; time < 2; time++) (await connect()).end(true);
    for (const seconds of [1, 2, 4, 8, 16]) {
      for (let time = 0; time < 8; time++) {
        assert.deepEqual(letters, []);
        const connection = await connect();
        await clock.advance(seconds * 1_000);
        assert.deepEqual(connection.offered, ['suspect']);
        connection.end(true);
      }
    }
    await done;
    assert.equal(letters.length, 1);
  });

  it('LO-4 everything else goes on while one waits for its turn, and waits while it has it', async () => {
    const { clock, connect, publish, takeAnother, acknowledged, letters } = setUp();
    const all = [publish('poison'), publish('beside')];
    for (let time = 0; time < 2; time++) {
      const connection = await connect();
      assert.deepEqual(connection.offered, ['poison', 'beside']);
      connection.end(true);
    }
    const connection = await connect();
    all.push(publish('third'));
    await turn();
    assert.deepEqual(connection.offered, ['third'], 'both suspects are held back');
    await clock.advance(1_000);
    assert.deepEqual(connection.offered, ['third'], 'the first of them waits until nothing is under way');
    all.push(publish('fourth'));
    await turn();
    assert.deepEqual(connection.offered, ['third']);
    connection.acknowledge('third');
    await turn();
    assert.deepEqual(connection.offered, ['poison']);
    connection.end(true);
    const next = await connect();
    await clock.advance(1_000);
    next.acknowledge('fourth');
    await turn();
    assert.deepEqual(next.offered, ['beside']);
    next.acknowledge('beside');
    next.end(true);
    for (const seconds of [2, 4, 8, 16]) {
      const again = await connect();
      await takeAnother();
      await clock.advance(seconds * 1_000);
      again.end(true);
    }
    await Promise.all(all);
    const others = acknowledged.filter((payload) => payload !== 'another');
    assert.deepEqual(others, ['third', 'fourth', 'beside', 'poison']);
    assert.deepEqual(
      letters.map(({ payload }) => payload),
      ['poison'],
    );
  });

  it('LO-3 what a sender gives up for now and offers again is remembered', async () => {
    const { clock, connect, publish, takeAnother, letters } = setUp();
    for (const seconds of [0, 0, 1, 2, 4, 8, 16]) {
      const connection = await connect();
      const stop = new AbortController();
      const done = publish('poison', stop.signal);
      await turn();
      if (seconds > 0) await takeAnother();
      await clock.advance(seconds * 1_000);
      assert.deepEqual(connection.offered, ['poison']);
      connection.end(true);
      await turn();
      stop.abort(new Error('given up'));
      if (seconds < 16) await assert.rejects(done, /given up/);
      else await done;
    }
    assert.equal(letters.length, 1);
  });

  it('LO-3 one that waits for its turn is given up when its sender says so', async () => {
    const { clock, connect, publish } = setUp();
    const stop = new AbortController();
    const done = publish('suspect', stop.signal);
    for (let time = 0; time < 2; time++) (await connect()).end(true);
    const connection = await connect();
    assert.deepEqual([connection.offered, clock.pending], [[], 1]);
    stop.abort(new Error('given up'));
    await assert.rejects(done, /given up/);
    assert.equal(clock.pending, 0);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createActor, type EventObject } from 'xstate';
import type { ConnectionEvent, ConnectionInput } from '../../../src/actors/telemetry/events.js';
import { connectionMachine } from '../../../src/actors/telemetry/machine.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import { connectionInput } from './inputs.js';

type State = 'handshaking' | 'streaming' | 'throttled' | 'held' | 'throttledAndHeld' | 'draining' | 'closed';

/** What leads to each state. */
const PATHS: Readonly<Record<State, readonly ConnectionEvent[]>> = {
  handshaking: [],
  streaming: [{ type: 'CONNECTED' }],
  throttled: [{ type: 'CONNECTED' }, { type: 'LIMIT_EXCEEDED' }],
  held: [{ type: 'CONNECTED' }, { type: 'HELD' }],
  throttledAndHeld: [{ type: 'CONNECTED' }, { type: 'LIMIT_EXCEEDED' }, { type: 'HELD' }],
  draining: [{ type: 'CONNECTED' }, { type: 'DRAIN' }],
  closed: [{ type: 'CONNECTED' }, { type: 'DISCONNECTED', code: 1000 }],
};

const RESTORED: ConnectionEvent = { type: 'runtime.restored', cause: 'boot' };
const DISCONNECTED: ConnectionEvent = { type: 'DISCONNECTED', code: 1005 };

/** Every transition: from, by, to, what is given, and the close code that is noted. */
const TRANSITIONS: readonly (readonly [State, ConnectionEvent | number, State, readonly string[], (number | null)?])[] =
  [
    ['handshaking', { type: 'CONNECTED' }, 'streaming', ['CONNECTED']],
    ['handshaking', DISCONNECTED, 'closed', [], 1005],
    ['handshaking', { type: 'DRAIN' }, 'closed', ['socket.terminate']],
    ['handshaking', RESTORED, 'closed', ['socket.terminate'], 1006],
    ['handshaking', 10_000, 'closed', ['socket.terminate']],
    ['streaming', { type: 'LIMIT_EXCEEDED' }, 'throttled', []],
    ['streaming', { type: 'HELD' }, 'held', []],
    ['streaming', { type: 'LIMIT_EXCEEDED_TOO_LONG' }, 'draining', ['socket.close']],
    ['streaming', { type: 'DRAIN' }, 'draining', ['socket.close']],
    ['streaming', DISCONNECTED, 'closed', ['DISCONNECTED'], 1005],
    ['streaming', RESTORED, 'closed', ['DISCONNECTED', 'socket.terminate'], 1006],
    ['throttled', { type: 'WITHIN_LIMIT' }, 'streaming', []],
    ['throttled', { type: 'HELD' }, 'throttledAndHeld', []],
    ['throttled', { type: 'LIMIT_EXCEEDED_TOO_LONG' }, 'draining', ['socket.close']],
    ['throttled', { type: 'DRAIN' }, 'draining', ['socket.close']],
    ['throttled', DISCONNECTED, 'closed', ['DISCONNECTED'], 1005],
    ['throttled', RESTORED, 'closed', ['DISCONNECTED', 'socket.terminate'], 1006],
    ['held', { type: 'READ_AGAIN' }, 'streaming', []],
    ['held', { type: 'LIMIT_EXCEEDED' }, 'throttledAndHeld', []],
    ['held', { type: 'LIMIT_EXCEEDED_TOO_LONG' }, 'draining', ['socket.close']],
    ['held', { type: 'DRAIN' }, 'draining', ['socket.close']],
    ['held', DISCONNECTED, 'closed', ['DISCONNECTED'], 1005],
    ['held', RESTORED, 'closed', ['DISCONNECTED', 'socket.terminate'], 1006],
    ['throttledAndHeld', { type: 'WITHIN_LIMIT' }, 'held', []],
    ['throttledAndHeld', { type: 'READ_AGAIN' }, 'throttled', []],
    ['throttledAndHeld', { type: 'LIMIT_EXCEEDED_TOO_LONG' }, 'draining', ['socket.close']],
    ['throttledAndHeld', { type: 'DRAIN' }, 'draining', ['socket.close']],
    ['throttledAndHeld', DISCONNECTED, 'closed', ['DISCONNECTED'], 1005],
    ['throttledAndHeld', RESTORED, 'closed', ['DISCONNECTED', 'socket.terminate'], 1006],
    ['draining', DISCONNECTED, 'closed', ['DISCONNECTED'], 1005],
    ['draining', RESTORED, 'closed', ['DISCONNECTED', 'socket.terminate'], 1006],
    ['draining', 10_000, 'closed', ['DISCONNECTED', 'socket.terminate'], 1006],
  ];

function start(input: ConnectionInput = connectionInput()) {
  const clock = new ManualClock();
  const actor = createActor(connectionMachine, { clock, input });
  const outputs: EventObject[] = [];
  actor.on('*', (output: EventObject) => outputs.push(output));
  actor.start();
  const at = (state: State) => {
    for (const event of PATHS[state]) actor.send(event);
    assert.equal(actor.getSnapshot().value, state);
    outputs.length = 0;
  };
  const names = () =>
    outputs.map((output) =>
      output.type === 'connectivity' ? (output as unknown as { status: string }).status : output.type,
    );
  return { actor, clock, outputs, at, names };
}

const nameOf = (by: ConnectionEvent | number): string => (typeof by === 'number' ? `${by} ms` : by.type);

describe('the chart of a connection', () => {
  for (const [from, by, to, given, code = null] of TRANSITIONS) {
    it(`${from} → ${to} by ${nameOf(by)}`, async () => {
      const { actor, clock, at, names } = start();
      at(from);
      if (typeof by === 'number') await clock.advance(by);
      else actor.send(by);
      assert.equal(actor.getSnapshot().value, to);
      assert.deepEqual(names(), given);
      assert.equal(actor.getSnapshot().context.closeCode, code);
      assert.equal(actor.getSnapshot().status, to === 'closed' ? 'done' : 'active');
    });
  }

  it('has these transitions and no others', () => {
    const edges = Object.entries(connectionMachine.states).flatMap(([from, state]) =>
      [...state.transitions.values()].flat().map(({ eventType, target }) => {
        const delay = /^xstate\.after\.(\d+)\./.exec(eventType)?.[1];
        return `${from} ${delay ? `${delay} ms` : eventType} ${target?.[0]?.key ?? from}`;
      }),
    );
    const expected = TRANSITIONS.map(([from, by, to]) => `${from} ${nameOf(by)} ${to}`);
    assert.deepEqual(edges.sort(), expected.sort());
  });

  it('FT-CON-4 every state but the last closes, and says so, when its connection is brought back without a socket', () => {
    for (const state of ['streaming', 'throttled', 'held', 'throttledAndHeld', 'draining'] as const) {
      const before = start();
      before.at(state);
      const snapshot = before.actor.getPersistedSnapshot();
      const actor = createActor(connectionMachine, { snapshot, input: connectionInput() });
      const outputs: EventObject[] = [];
      actor.on('*', (output: EventObject) => outputs.push(output));
      actor.start();
      actor.send(RESTORED);
      assert.equal(actor.getSnapshot().value, 'closed');
      const [said] = outputs as unknown as { status: string; connection: { vin: string } }[];
      assert.equal(said?.status, 'DISCONNECTED');
      assert.equal(said?.connection.vin, connectionInput().identity.deviceId);
    }
  });

  it('stays where it is for what does not concern it', () => {
    for (const [state, event] of [
      ['streaming', { type: 'WITHIN_LIMIT' }],
      ['streaming', { type: 'CONNECTED' }],
      ['streaming', { type: 'READ_AGAIN' }],
      ['throttled', { type: 'LIMIT_EXCEEDED' }],
      ['throttled', { type: 'READ_AGAIN' }],
      ['held', { type: 'WITHIN_LIMIT' }],
      ['draining', { type: 'DRAIN' }],
      ['draining', { type: 'LIMIT_EXCEEDED' }],
    ] as const) {
      const { actor, at, names } = start();
      at(state);
      actor.send(event);
      assert.equal(actor.getSnapshot().value, state);
      assert.deepEqual(names(), []);
    }
  });

  it('its context is what a DISCONNECTED record needs, and can be stored', () => {
    const { actor } = start();
    const { context } = actor.getSnapshot();
    assert.deepEqual(JSON.parse(JSON.stringify(context)), {
      connectionId: 'id-1',
      vin: 'VIN1',
      clientType: 'vehicle_device',
      networkInterface: 'wifi',
      clientVersion: '1.2.0',
      remote: '192.0.2.1:4711',
      closeCode: null,
    });
  });

  it('TIM-5 every state that waits says for what, and what ends it', () => {
    for (const [name, state] of Object.entries(connectionMachine.states)) {
      if (name === 'streaming' || name === 'closed') continue;
      const meta = state.meta as { waitsFor?: string; until?: string };
      assert.ok(meta.waitsFor, `${name} says what it waits for`);
      assert.ok(state.after.length > 0 || meta.until === 'never', `${name} says what ends it`);
    }
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign, type EventObject, emit, setup } from 'xstate';
import type { ActorType } from '../../../src/runtime/actor-type.js';
import type { FoundRow } from '../../../src/runtime/table/tables.js';
import { testSystem } from '../../fakes/runtime.js';

interface Member {
  readonly campaign: string;
  readonly state: string;
}

const MEMBERS = {
  name: 'members',
  mostRows: 3,
  mostBytes: 100_000,
  overflow: 'reject' as const,
  indexes: { campaign: ({ campaign }: Member) => campaign },
};

type Events =
  | { type: 'JOIN'; vehicle: string }
  | { type: 'LEAVE'; vehicle: string }
  | { type: 'COUNT'; rows?: FoundRow[][] };

/** Keeps its members in rows, and notes how many it sees. */
function campaign(overrides: Partial<ActorType> = {}): ActorType {
  const machine = setup({ types: {} as { context: { seen: string[] }; events: Events } }).createMachine({
    context: { seen: [] },
    initial: 'empty',
    states: { empty: {}, joined: {} },
    on: {
      JOIN: {
        target: '.joined',
        actions: emit(({ event }) => ({
          type: 'row.put',
          table: 'members',
          key: event.vehicle,
          row: { campaign: 'c1', state: 'new' },
        })),
      },
      LEAVE: { actions: emit(({ event }) => ({ type: 'row.delete', table: 'members', key: event.vehicle })) },
      COUNT: {
        actions: assign({
          seen: ({ context, event }) => [...context.seen, (event.rows?.[0] ?? []).map(({ key }) => key).join(' ')],
        }),
      },
    },
  });
  return {
    name: 'campaign',
    version: 1,
    machine,
    durability: 'durable',
    startOnTell: true,
    rows: (_snapshot, { type }) => (type === 'COUNT' ? [{ table: 'members', index: 'campaign', value: 'c1' }] : []),
    ...overrides,
  };
}

const seenBy = (snapshot: { context: unknown } | undefined) =>
  (snapshot?.context as { seen: string[] } | undefined)?.seen;

for (const durability of ['durable', 'committed', 'none'] as const) {
  test(`DUR-16 rows go with a ${durability} turn, and the next message of the same slice sees them`, async (t) => {
    const { system } = await testSystem(t, [campaign({ durability })]);
    const table = system.table<Member>(MEMBERS);
    const events: Events[] = [
      { type: 'COUNT' },
      { type: 'JOIN', vehicle: 'v1' },
      { type: 'JOIN', vehicle: 'v2' },
      { type: 'COUNT' },
      { type: 'LEAVE', vehicle: 'v1' },
      { type: 'COUNT' },
    ];
    for (const event of events) system.tell('campaign/c1', event);
    await system.settled();
    assert.deepEqual(seenBy(system.peek('campaign/c1')), ['', 'v1 v2', 'v2']);
    assert.equal(table.size, 1);
  });
}

test('DUR-16 a crash leaves rows and snapshot of the same turn', async (t) => {
  const first = await testSystem(t, [campaign()]);
  first.system.table<Member>(MEMBERS);
  first.system.tell('campaign/c1', { type: 'JOIN', vehicle: 'v1' } as EventObject);
  await first.system.settled();
  first.system.tell('campaign/c1', { type: 'JOIN', vehicle: 'v2' } as EventObject);
  const { system } = await first.crash();
  const table = system.table<Member>(MEMBERS);
  assert.deepEqual(
    Array.from(table.by('campaign', 'c1'), ([key]) => key),
    ['v1'],
  );
});

test('DUR-16 a deferred message sees the rows of the turn that let it through', async (t) => {
  const defer: ActorType['defer'] = ({ value }, { type }) => type === 'COUNT' && value === 'empty';
  const { system } = await testSystem(t, [campaign({ defer })]);
  system.table<Member>(MEMBERS);
  system.tell('campaign/c1', { type: 'COUNT' } as EventObject);
  system.tell('campaign/c1', { type: 'JOIN', vehicle: 'v1' } as EventObject);
  await system.settled();
  assert.deepEqual(seenBy(system.peek('campaign/c1')), ['v1']);
});

test('DUR-16 what a table refuses and rows of tables that are not there are dead letters', async (t) => {
  const { system } = await testSystem(t, [campaign()]);
  system.table<Member>({ ...MEMBERS, mostRows: 1 });
  for (const vehicle of ['v1', 'v2']) system.tell('campaign/c1', { type: 'JOIN', vehicle } as EventObject);
  await system.settled();
  assert.deepEqual(
    system.deadLetters.list().map(({ error }) => error.code),
    ['TABLE_FULL'],
  );
  const other = await testSystem(t, [campaign()]);
  other.system.tell('campaign/c1', { type: 'LEAVE', vehicle: 'v1' } as EventObject);
  await other.system.settled();
  assert.deepEqual(
    other.system.deadLetters.list().map(({ error }) => error.code),
    ['TABLE_UNKNOWN'],
  );
});

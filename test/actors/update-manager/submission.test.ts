import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ManagerContext } from '../../../src/actors/update-manager/events.js';
import { readWish } from '../../../src/actors/update-manager/inbound.js';
import { submitWish } from '../../../src/actors/update-manager/submission.js';
import type { ActorSystem } from '../../../src/runtime/index.js';
import { SETTINGS } from '../../fakes/update-backend.js';

const WISH = Buffer.from('{"activityId":"a","payload":{"domains":[{"id":"containers"}]}}');

/** A manager in this state, and what it is told. */
function manager(context: Partial<ManagerContext> | undefined) {
  const told: unknown[] = [];
  const system = {
    peek: () => context && { context: { settings: SETTINGS, current: null, queue: [], ...context } },
    tellStored: async (to: string, event: object) => void told.push({ to, ...event }),
  } as unknown as Pick<ActorSystem, 'peek' | 'tellStored'>;
  const submit = (payload: Uint8Array = WISH): Promise<string> => submitWish(system, payload);
  return { told, submit };
}

const running = { address: 'update-activity/1', activityId: 'r', digest: 'd', startedAt: 0 };
const waiting = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ activityId: `w${index}`, digest: 'd', key: String(index) }));
const coded = (code: string) => (error: unknown) => (error as { code?: unknown }).code === code;

it('UM-MSG-4 a desired state by hand is read, and told, as one of the broker', async () => {
  const { told, submit } = manager({});
  assert.equal(await submit(), 'a');
  const read = readWish(WISH);
  assert.ok(read.ok);
  assert.deepEqual(told, [{ to: 'update-manager/main', ...read.value }]);
});

it('UM-MSG-4 what cannot be read is refused with the reason, and the manager is told nothing', async () => {
  const { told, submit } = manager({});
  for (const text of ['', '{', '[]', '{"activityId":5}', '{"activityId":"a","payload":{"domains":5}}']) {
    await assert.rejects(submit(Buffer.from(text)), coded('UPDATES_INVALID'), text);
  }
  assert.deepEqual(told, []);
});

it('UM-CNC-3 a desired state that the manager would refuse is refused at once', async () => {
  const rejecting = { ...SETTINGS, onBusy: 'reject' } as const;
  await assert.rejects(manager({ settings: rejecting, current: running }).submit(), coded('UPDATES_CONFLICT'));
  assert.equal(await manager({ settings: rejecting }).submit(), 'a');
  await assert.rejects(manager({ current: running, queue: waiting(8) }).submit(), coded('UPDATES_QUEUE_FULL'));
  assert.equal(await manager({ current: running, queue: waiting(7) }).submit(), 'a');
  const superseding = { ...SETTINGS, onBusy: 'supersede' } as const;
  assert.equal(await manager({ settings: superseding, current: running, queue: waiting(8) }).submit(), 'a');
  await assert.rejects(manager(undefined).submit(), coded('UPDATES_UNAVAILABLE'));
});

it('UM-CNC-3 a repetition of one that waits is taken, whatever else waits', async () => {
  const read = readWish(WISH);
  assert.ok(read.ok);
  const { activityId, digest } = read.value;
  const { submit } = manager({ current: running, queue: [...waiting(7), { activityId, digest, key: '9' }] });
  assert.equal(await submit(), 'a');
});

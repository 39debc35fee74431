import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { StorageError } from '../../../src/runtime/errors.js';
import type { GroupCommit } from '../../../src/runtime/store/group-commit.js';
import { openStore } from './group-commit-harness.js';

const PAGE = Buffer.alloc(4_000);

const refusal = (commit: GroupCommit): string | undefined => commit.degraded?.code;

test('DUR-9 past its quota the store is degraded and takes nothing; what makes room is written and ends it', async (t) => {
  const changes: Array<string | undefined> = [];
  const onDegraded = (error: StorageError | undefined): void => void changes.push(error?.code);
  const { commit, clock } = openStore(t, { quotaBytes: 256 * 1024, onDegraded });
  for (let row = 0; row < 100; row++) commit.put('log', `row ${row}`, PAGE);
  await commit.flushed();
  assert.equal(refusal(commit), undefined, 'noticed with the next batch');

  commit.put('log', 'held', PAGE);
  let isReleased = false;
  commit.afterFlush(() => {
    isReleased = true;
  });
  await turn();
  assert.equal(refusal(commit), 'STORAGE_QUOTA');
  assert.equal(commit.counts.batches, 1);
  assert.ok(commit.get('log', 'held'));
  await clock.advance(5_000);
  assert.equal(commit.counts.batches, 1, 'tried again, held again');

  commit.removeOnce('log', 'row 0');
  await turn();
  await commit.flushed();
  assert.equal(isReleased, true, 'went along with the removal');
  assert.equal(refusal(commit), 'STORAGE_QUOTA', 'not enough room yet');
  for (let row = 1; row < 90; row++) commit.removeOnce('log', `row ${row}`);
  await commit.flushed();
  assert.equal(refusal(commit), undefined);
  assert.deepEqual(changes, ['STORAGE_QUOTA', undefined]);
  assert.equal(clock.pending, 0);

  for (let row = 0; row < 40; row++) commit.put('log', `next ${row}`, PAGE);
  await commit.flushed();
  assert.equal(refusal(commit), undefined, 'the file has not shrunk, but its pages are free');
});

test('DUR-9 closing a store that refuses gives up at the deadline and says so', async (t) => {
  const { commit, clock } = openStore(t, { quotaBytes: 1 });
  commit.put('log', 'row', PAGE);
  commit.put('log', 'other row', PAGE);
  await commit.flushed();
  commit.put('log', 'held', PAGE);
  commit.afterFlush(() => assert.fail('it is not on disk'));
  await turn();
  assert.equal(refusal(commit), 'STORAGE_QUOTA');
  const closed = commit.close(2_000);
  await clock.advance(2_000);
  assert.equal(await closed, false);
  assert.equal(clock.pending, 0);
});

test('DUR-9 what is put and removed while nothing can be written leaves no row, what is on disk keeps its removal', async (t) => {
  const { commit } = openStore(t, { quotaBytes: 1 });
  commit.put('snapshots', 'stored', PAGE);
  await commit.flushed();
  commit.put('snapshots', 'other', PAGE);
  void commit.flushed();
  await turn();
  assert.equal(refusal(commit), 'STORAGE_QUOTA');
  for (let actor = 0; actor < 1_000; actor++) commit.put('snapshots', `actor ${actor}`, PAGE);
  for (let actor = 0; actor < 1_000; actor++) commit.remove('snapshots', `actor ${actor}`);
  commit.remove('snapshots', 'never there');
  assert.equal(commit.isPending('snapshots', 'actor', 'actos'), false);
  assert.equal(commit.isPending('snapshots', 'never', 'nevex'), false);
  commit.put('snapshots', 'stored', Buffer.from('new'));
  commit.remove('snapshots', 'stored');
  await commit.flushed();
  assert.deepEqual(
    [...commit.range('snapshots', '', '\uffff')].map(([key]) => key),
    ['other'],
  );
});

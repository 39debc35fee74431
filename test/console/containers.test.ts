import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  commandsFor,
  containerTone,
  differencesOf,
  inOrder,
  kindWords,
  restartWords,
  timeWords,
} from '../../src/console/containers.js';
import type { ContainerActionView, ContainerView } from '../../src/console/vehicle-types.js';

const NOW = Date.parse('2026-05-01T12:00:00Z');

const map: ContainerView = {
  id: 'c-1',
  name: 'map',
  image: 'acme/map:1',
  role: 'current',
  status: 'Running',
  error: '',
  restartCount: 0,
  createdAt: '2026-05-01T11:00:00Z',
  startedAt: '2026-05-01T11:57:00.5Z',
  finishedAt: '',
  exitCode: 0,
  ports: [],
  isSystem: false,
  actor: 'container/c-1',
};

test('a container says since when it is as it is', () => {
  assert.equal(timeWords(map, NOW), 'started 2 min 59 s ago');
  const ended = { ...map, status: 'Exited', exitCode: 137, finishedAt: '2026-05-01T11:59:48Z' } as const;
  assert.equal(timeWords(ended, NOW), 'ended 12 s ago, exit code 137');
  assert.equal(timeWords({ ...ended, exitCode: 0 }, NOW), 'ended 12 s ago');
  assert.equal(timeWords({ ...map, status: 'Created', startedAt: '' }, NOW), 'made 1 h ago');
  assert.equal(timeWords({ ...map, status: 'Creating', createdAt: '', startedAt: '' }, NOW), 'not made yet');
  assert.equal(timeWords({ ...map, status: 'Unknown' }, NOW), 'the engine does not say');
});

test('CTR-15 a container says how often it was restarted, and when it will be next', () => {
  assert.equal(restartWords(map, NOW), 'no restarts');
  assert.equal(restartWords({ restartCount: 1 }, NOW), '1 restart');
  assert.equal(restartWords({ restartCount: 1200 }, NOW), '1,200 restarts');
  assert.equal(restartWords({ restartCount: 0, restartsAt: NOW + 12_300 }, NOW), 'restarts in 12 s');
  assert.equal(restartWords({ restartCount: 3, restartsAt: NOW + 12_300 }, NOW), 'restarts in 12 s (3 so far)');
  assert.equal(restartWords({ restartCount: 3, restartsAt: NOW - 5_000 }, NOW), 'restarts now (3 so far)');
});

test('a container that ended well is at rest, one that did not is bad', () => {
  assert.equal(containerTone(map), 'good');
  assert.equal(containerTone({ status: 'Exited', exitCode: 0 }), 'quiet');
  assert.equal(containerTone({ status: 'Exited', exitCode: 3 }), 'bad');
  assert.equal(containerTone({ status: 'Stopped', exitCode: 143 }), 'quiet');
  assert.equal(containerTone({ status: 'Unknown', exitCode: 0 }), 'busy');
});

test('commands are those that make sense, and none where an update is at work', () => {
  assert.deepEqual(commandsFor(map), ['stop', 'pause']);
  assert.deepEqual(commandsFor({ role: 'current', status: 'Paused' }), ['resume']);
  assert.deepEqual(commandsFor({ role: 'current', status: 'Exited' }), ['start']);
  assert.deepEqual(commandsFor({ role: 'current', status: 'Unknown' }), []);
  assert.deepEqual(commandsFor({ role: 'old', status: 'Stopped' }), []);
  assert.deepEqual(commandsFor({ role: 'pending', status: 'Created' }), []);
});

test('current containers come first, by name', () => {
  const names = inOrder([
    { ...map, id: '1', name: 'b' },
    { ...map, id: '2', name: 'a', role: 'old' },
    { ...map, id: '3', name: 'z', role: 'pending' },
    { ...map, id: '4', name: 'a' },
  ]).map(({ id }) => id);
  assert.deepEqual(names, ['4', '1', '3', '2']);
});

const action: ContainerActionView = {
  name: 'map',
  version: '2',
  kind: 'recreate',
  status: 'IDENTIFIED',
  message: '',
  present: 'c-1',
  planned: 'c-2',
  changes: ['image', 'extraHosts', 'env'],
};

test('CUA-16 an action says what it changes; of variables only that they do', () => {
  const next: ContainerView = { ...map, id: 'c-2', image: 'acme/map:2', role: 'pending' };
  assert.deepEqual(differencesOf(action, [map, next]), [
    { part: 'image', before: 'acme/map:1', after: 'acme/map:2' },
    { part: 'extra hosts' },
    { part: 'env' },
  ]);
  const { present: _, ...made } = action;
  assert.deepEqual(differencesOf({ ...made, kind: 'create', changes: [] }, [next]), [
    { part: 'image', after: 'acme/map:2' },
  ]);
  const { planned: __, ...removed } = action;
  assert.deepEqual(differencesOf({ ...removed, kind: 'destroy', changes: [] }, [map]), [
    { part: 'image', before: 'acme/map:1' },
  ]);
  assert.deepEqual(differencesOf({ ...action, kind: 'check', changes: [] }, [map]), []);
  assert.equal(kindWords('check'), 'stays');
});

test('CUA-16 an update says which limits and which restarts it changes', () => {
  const resources = { memory: '', memoryReservation: '', memorySwap: '' };
  const before = { resources, restartPolicy: { type: 'unless-stopped', maxRetries: 0, retryTimeoutS: 0 } };
  const after = {
    resources: { ...resources, memory: '200M' },
    restartPolicy: { type: 'on-failure', maxRetries: 3, retryTimeoutS: 10 },
  };
  assert.deepEqual(differencesOf({ ...action, kind: 'update', changes: [], terms: { before, after } }, [map]), [
    { part: 'memory', before: 'none', after: '200M' },
    { part: 'restarts', before: 'unless-stopped', after: 'on-failure, at most 3, 10 s' },
  ]);
});

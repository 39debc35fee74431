import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import {
  CONTAINER_STATUSES,
  operationProblem,
  readNewName,
  readStopOptions,
  readUpdate,
} from '../../../src/protocols/containers/index.js';

describe('CTR-9 stop options', () => {
  const planOf = (...options: Parameters<typeof readStopOptions>) => {
    const result = readStopOptions(...options);
    return result.ok ? result.value : result.error.detail;
  };

  it('have defaults', () => {
    assert.deepEqual(planOf({}, 30), { timeoutS: 30, force: false, signal: 'SIGTERM' });
    assert.deepEqual(planOf({ timeoutS: 0, force: true, signal: 9 }, 30), {
      timeoutS: 0,
      force: true,
      signal: 'SIGKILL',
    });
  });

  it('name a signal in any of its ways', () => {
    const names = { SIGHUP: 'SIGHUP', '1': 'SIGHUP', '31': 'SIGSYS', SIGPOLL: 'SIGIO', '40': '40', '255': '255' };
    for (const [signal, name] of Object.entries(names)) {
      assert.deepEqual(planOf({ signal }, 1), { timeoutS: 1, force: false, signal: name });
    }
  });

  it('are refused', () => {
    assert.equal(planOf({ timeoutS: -1 }, 30), "the timeout = -1 shouldn't be negative");
    for (const signal of ['0', '256', '-9', 'KILL', 'sigterm', '', 'constructor']) {
      assert.equal(planOf({ signal }, 30), `invalid signal = ${signal}`);
    }
    assert.equal(planOf({ timeoutS: Number.NaN }, 30), "the timeout = NaN shouldn't be negative");
  });
});

test('CTR-10 a new name is checked, none or the same one changes nothing', () => {
  assert.deepEqual(readNewName('map', ''), { ok: true, value: undefined });
  assert.deepEqual(readNewName('map', 'map'), { ok: true, value: undefined });
  assert.deepEqual(readNewName('map', 'nav'), { ok: true, value: 'nav' });
  const refused = readNewName('map', 'a b');
  assert.ok(!refused.ok && refused.error.detail === 'invalid container name format : a b');
});

test('CTR-11 limits and restart policy alone can be changed, and are checked', () => {
  const updateOf = (draft: Parameters<typeof readUpdate>[0]) => {
    const result = readUpdate(draft);
    return result.ok ? result.value : result.error.detail;
  };
  assert.deepEqual(updateOf({}), {});
  assert.deepEqual(updateOf({ resources: {} }), {
    resources: { memory: '', memoryReservation: '', memorySwap: '' },
  });
  assert.deepEqual(updateOf({ resources: { memory: '5M', memorySwap: '-1' } }), {
    resources: { memory: '5M', memoryReservation: '', memorySwap: '' },
  });
  assert.deepEqual(updateOf({ restartPolicy: { type: 'always' } }), {
    restartPolicy: { type: 'always', maxRetries: 0, retryTimeoutS: 0 },
  });
  assert.equal(updateOf({ resources: { memory: '1M' } }), 'minimum memory allowed is 3M');
  assert.equal(updateOf({ restartPolicy: { type: 'x' } }), 'unsupported restart policy type x');
});

describe('CTR-9 operations fit the state of a container, or say why not (§B.3)', () => {
  const problems: readonly (readonly [
    Parameters<typeof operationProblem>[0],
    readonly string[],
    (status: string) => string,
  ])[] = [
    ['start', ['Paused'], () => 'the container with id = i is paused - cannot start it - try unpausing it instead'],
    ['start', ['Running'], () => 'the container with id = i is already running'],
    ['start', ['Dead'], () => 'the container with id = i is dead - cannot start it'],
    [
      'pause',
      CONTAINER_STATUSES.filter((status) => status !== 'Running'),
      (status) => `container with id = i is not running - current status is ${status}`,
    ],
    [
      'resume',
      CONTAINER_STATUSES.filter((status) => status !== 'Paused'),
      () => 'container id = i is not paused - cannot unpause it',
    ],
    [
      'stop',
      CONTAINER_STATUSES.filter((status) => status !== 'Paused' && status !== 'Running'),
      (status) => `cannot perform stop operation for container: i, with state: ${status}`,
    ],
    [
      'remove',
      ['Running', 'Paused'],
      () => 'container with id = i is not stopped - must set the force flag to true to remove it',
    ],
  ];
  for (const operation of ['start', 'pause', 'resume', 'stop', 'remove'] as const) {
    it(operation, () => {
      for (const status of CONTAINER_STATUSES) {
        const row = problems.find(([of, statuses]) => of === operation && statuses.includes(status));
        assert.equal(operationProblem(operation, 'i', status), row?.[2](status));
      }
    });
  }
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type RestartPolicy,
  type RestartPolicyType,
  type RunEnd,
  restartDecision,
} from '../../../src/protocols/containers/index.js';

const policy = (type: RestartPolicyType, rest: Partial<RestartPolicy> = {}): RestartPolicy => ({
  type,
  maxRetries: 0,
  retryTimeoutS: 0,
  ...rest,
});
const end = (rest: Partial<RunEnd> = {}): RunEnd => ({
  exitCode: 0,
  wasStopped: false,
  ranMs: 1_000,
  restartCount: 0,
  inARow: 0,
  ...rest,
});
const restarts = (type: RestartPolicyType, rest: Partial<RunEnd> = {}, of: Partial<RestartPolicy> = {}) =>
  restartDecision(policy(type, of), end(rest)).restart;

describe('CTR-14 what is started again', () => {
  it('by policy', () => {
    for (const exitCode of [0, 1]) {
      assert.equal(restarts('no', { exitCode }), false);
      assert.equal(restarts('always', { exitCode }), true);
      assert.equal(restarts('unless-stopped', { exitCode }), true);
      assert.equal(restarts('on-failure', { exitCode }), exitCode === 1);
    }
  });

  it('nothing that was stopped', () => {
    for (const type of ['no', 'always', 'unless-stopped', 'on-failure'] as const) {
      assert.equal(restarts(type, { wasStopped: true, exitCode: 137 }), false);
    }
  });

  it('on failure as often as is allowed', () => {
    const often = (restartCount: number, maxRetries: number) =>
      restarts('on-failure', { exitCode: 1, restartCount }, { maxRetries });
    assert.deepEqual([often(0, 2), often(1, 2), often(2, 2), often(1_000, 0)], [true, true, false, true]);
  });
});

describe('CTR-15 the pause before a restart', () => {
  const delays = (runsMs: readonly number[], of: Partial<RestartPolicy> = {}) => {
    let inARow = 0;
    return runsMs.map((ranMs) => {
      const decision = restartDecision(policy('always', of), end({ ranMs, inARow }));
      assert.ok(decision.restart);
      ({ inARow } = decision);
      return decision.delayMs;
    });
  };
  const short = (runs: number) => Array.from({ length: runs }, () => 0);

  it('doubles up to a minute', () => {
    assert.deepEqual(
      delays(short(12)),
      [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 60_000, 60_000],
    );
    assert.equal(delays(short(5_000)).at(-1), 60_000);
  });

  it('doubles up to what the policy says', () => {
    assert.deepEqual(delays(short(6), { retryTimeoutS: 1 }), [100, 200, 400, 800, 1_000, 1_000]);
    assert.equal(delays(short(12), { retryTimeoutS: 3_600 }).at(-1), 204_800);
  });

  it('begins again after a long run', () => {
    assert.deepEqual(delays([0, 0, 9_999, 10_000, 0, 60_000]), [100, 200, 400, 100, 200, 100]);
  });

  it('a start that fails is a short run that failed', () => {
    for (const type of ['always', 'unless-stopped', 'on-failure'] as const) {
      const decision = restartDecision(policy(type), end({ exitCode: -1, ranMs: 0, inARow: 2 }));
      assert.deepEqual(decision, { restart: true, delayMs: 400, inARow: 3 });
    }
  });
});

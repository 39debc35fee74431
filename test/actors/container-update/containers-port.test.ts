import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { ContainersPort } from '../../../src/actors/container-update/containers-port.js';
import type { RestartPolicyDraft } from '../../../src/protocols/containers/index.js';
import { ContainersUnderTest } from '../../fakes/containers.js';

async function made(t: TestContext, restartPolicy: RestartPolicyDraft) {
  const test = await ContainersUnderTest.start(t);
  const id = await test.make({ restartPolicy });
  const port = new ContainersPort({ system: test.system, pullTimeoutS: 60, stopTimeoutS: 30 });
  const ends = async (exitCode: number): Promise<void> => {
    test.engine.exit(id, exitCode);
    await test.sight(id);
  };
  return { test, id, ends, isMeantToRun: () => port.running([id]).length === 1 };
}

describe('CUA-28 what counts as running before an update', () => {
  for (const [type, exitCode, isMeant] of [
    ['no', 1, false],
    ['on-failure', 0, false],
    ['on-failure', 1, true],
    ['always', 0, true],
    ['unless-stopped', 1, true],
  ] as const) {
    it(`${type} after an exit with ${exitCode}: ${isMeant}`, async (t) => {
      const { ends, isMeantToRun } = await made(t, { type });
      assert.ok(isMeantToRun());
      await ends(exitCode);
      assert.equal(isMeantToRun(), isMeant);
    });
  }

  it('its last retry counts until it has failed, too', async (t) => {
    const { test, id, ends, isMeantToRun } = await made(t, { type: 'on-failure', maxRetries: 1 });
    await ends(1);
    test.engine.hold('start');
    await test.advance(1_000);
    assert.deepEqual([test.state(id), isMeantToRun()], ['starting', true]);
    test.engine.release('start');
    await test.reaches(id, 'running');
    await ends(1);
    assert.equal(isMeantToRun(), false);
  });

  it('a start that failed counts while it is tried again, and until somebody stops it', async (t) => {
    const { test, id, ends, isMeantToRun } = await made(t, { type: 'on-failure' });
    test.engine.fail('start', 'no memory');
    await ends(1);
    await test.advance(100);
    assert.deepEqual([test.state(id), test.containers.find(id)?.state.status], ['backingOff', 'Stopped']);
    assert.ok(isMeantToRun());
    await test.command(id, { type: 'STOP', ensure: true });
    assert.equal(isMeantToRun(), false);
  });
});

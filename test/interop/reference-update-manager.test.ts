/**
 * Both managers in the same dialogues. `FLEETCHART_KANTO_UPDATE_MANAGER` names the reference's program; without it
 * nothing is compared.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { ManagerDialogue, type ManagerUnderTest, ours, reference, type Said } from '../fakes/manager-dialogue.js';
import { withoutMosquitto } from '../fakes/mosquitto.js';
import { referenceManager, withoutReferenceManager } from '../fakes/reference-manager.js';
import { eventually } from '../fakes/runtime.js';
import { type Dialogue, dialogues } from './manager-dialogues.js';

async function saidBy(t: TestContext, manager: ManagerUnderTest, { config = {}, run }: Dialogue): Promise<Said> {
  const world = await ManagerDialogue.begin(t, manager, config);
  await run(world);
  return world.end();
}

/** A message a line, by topic. */
const linesOf = (said: Said): string[] =>
  Object.entries(said).flatMap(([topic, all]) =>
    all.map(({ activityId, payload }) => `${topic} '${activityId}' ${JSON.stringify(payload)}`),
  );

describe('our manager and the reference in the same dialogue', {
  skip: withoutReferenceManager() || withoutMosquitto(),
}, () => {
  for (const dialogue of dialogues) {
    const { name, deviations = [] } = dialogue;
    it(`UM ${name}${deviations.map(({ rule }) => `, but for ${rule}`).join('')}`, async (t) => {
      const [theirs, own] = await Promise.all([
        saidBy(t, reference(referenceManager()), dialogue),
        saidBy(t, ours, dialogue),
      ]);
      let expected = theirs;
      for (const { rule, instead, isSometimes } of deviations) {
        const changed = instead(expected);
        if (!isSometimes) assert.notDeepEqual(changed, expected, `the reference does as we do in ${rule}`);
        expected = changed;
      }
      assert.deepEqual(linesOf(own), linesOf(expected));
    });
  }

  it('UM-MSG-9 an action without component ends the reference, and is left out here', async (t) => {
    for (const manager of [reference(referenceManager()), ours]) {
      const world = await ManagerDialogue.begin(t, manager);
      await world.want('a', ['containers']);
      await world.identifies('containers', 'a');
      await world.says('containers', 'a', 'IDENTIFIED', { actions: [{ status: 'IDENTIFIED' }] });
      if (manager === ours) await world.ends('a');
      else await eventually(() => world.process.exit !== undefined, 'the end of the reference', 120_000);
      await world.end();
      assert.equal(world.process.exit?.code, manager === ours ? 0 : 2);
    }
  });
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { readManagementSettings } from '../../src/actors/container-management/index.js';
import { diagnoseEngine, type EngineDiagnosis } from '../../src/actors/diagnosis/index.js';
import { silentLogger, systemClock } from '../../src/runtime/index.js';
import type { EngineLab } from '../fakes/lab-engine.js';
import { temporaryFolder } from '../fakes/runtime.js';

/** What is told of a lab's engine and registry, with this password, before a vehicle uses them. */
export async function diagnoseLab(t: TestContext, lab: EngineLab, password: string): Promise<EngineDiagnosis> {
  const home = temporaryFolder(t);
  const credentials = { user_id: lab.credentials.user, password };
  const file = {
    manager: { home_dir: home },
    containers: {
      registry_configurations: { [lab.registry]: { credentials } },
      insecure_registries: [lab.registry],
    },
    fleetchart: { engine: 'auto', socket: lab.socketPath, registriesFile: join(home, 'registries.json') },
  };
  const read = readManagementSettings({ file, flags: new Map() });
  assert.ok(read.ok, JSON.stringify(read));
  return diagnoseEngine({
    settings: read.value,
    environment: {},
    clock: systemClock,
    logger: silentLogger(),
    pull: lab.image('crash'),
  });
}

/** Right and wrong, on an engine of this name. */
export async function assertDiagnosed(t: TestContext, lab: EngineLab, name: RegExp): Promise<void> {
  const right = await diagnoseLab(t, lab, lab.credentials.password);
  assert.deepEqual(
    right.checks.map(({ id, status }) => `${id} ${status}`),
    ['engine.socket ok', 'engine.cgroups ok', 'engine.chosen ok', 'registry ok', 'image.pull ok'],
    JSON.stringify(right.checks),
  );
  assert.match(right.engine?.name ?? '', name);
  const wrong = await diagnoseLab(t, lab, 'another');
  assert.equal(wrong.ok, false);
  const problems = wrong.checks.filter(({ status }) => status === 'problem').map(({ id }) => id);
  assert.deepEqual(problems, ['registry', 'image.pull']);
  assert.doesNotMatch(JSON.stringify(wrong), /"another"/);
}

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { RaucInstaller } from '../../../../src/actors/self-update/installers/rauc/rauc-installer.js';
import { systemClock } from '../../../../src/runtime/index.js';
import { temporaryFolder } from '../../../fakes/runtime.js';

test('SUA-45 a version that cannot be read is told with its cause', async (t) => {
  const busAddress = `unix:path=${join(temporaryFolder(t), 'no-bus')}`;
  const installer = new RaucInstaller({ clock: systemClock, busAddress });
  await assert.rejects(installer.bootedVersion(new AbortController().signal), {
    code: 'SELF_UPDATE_NO_VERSION',
    message: /^RAUC does not say which version is booted \(.*no-bus.*\): does its service run\?$/,
  });
});

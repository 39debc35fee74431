import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProcessEngine } from '../../../../src/actors/engines/process/index.js';
import { silentLogger, systemClock } from '../../../../src/runtime/index.js';
import { archiveImage, folderImage, RUNNING } from '../../../fakes/process-images.js';
import { engineSuite } from '../engine-suite.js';

engineSuite('the process engine', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fleetchart-'));
  const imageRoot = join(folder, 'root');
  folderImage(imageRoot, 'local/app:1.0', ['/bin/sh', '-c', RUNNING]);
  await archiveImage(imageRoot, 'local/app:2.0', ['/bin/sh', '-c', RUNNING]);
  folderImage(imageRoot, 'local/app:bad', ['/bin/no-such-program']);
  folderImage(imageRoot, 'local/app:crash', ['/bin/sh', '-c', 'exit 3']);
  return {
    engine: createProcessEngine({
      folder: join(folder, 'engine'),
      imageRoot,
      clock: systemClock,
      logger: silentLogger(),
    }),
    images: {
      good: 'local/app:1.0',
      other: 'local/app:2.0',
      bad: 'local/app:bad',
      crash: 'local/app:crash',
      missing: 'local/app:missing',
    },
    supports: { commands: true, processes: true, limits: true },
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
});

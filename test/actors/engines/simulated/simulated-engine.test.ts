import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSimulatedEngine } from '../../../../src/actors/engines/simulated/index.js';
import { ManualClock } from '../../../../src/runtime/clock.js';
import { START } from '../../../fakes/runtime.js';
import { engineSuite } from '../engine-suite.js';

engineSuite('the simulated engine', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fleetchart-'));
  const clock = new ManualClock(START);
  return {
    engine: createSimulatedEngine({ file: join(folder, 'engine.json'), clock }),
    images: {
      good: 'reg.example.com/veh/app:1.0',
      other: 'reg.example.com/veh/app:2.0',
      bad: 'reg.example.com/veh/app:bad',
      crash: 'reg.example.com/veh/app:crash',
      missing: 'reg.example.com/veh/app:missing',
    },
    supports: { commands: false, processes: false, limits: true },
    tick: () => clock.advance(100),
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
});

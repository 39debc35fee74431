/** What happens to single containers beside updates. */
import { AFTER, BEFORE, type ContainersScenario } from './containers-scenarios.js';

/** Held and let go, by hand; one is still held when an update comes. */
export const HELD: ContainersScenario = {
  name: 'held by hand',
  drive: async (run) => {
    await run.update('before', BEFORE);
    await run.vehicle.arm();
    await run.asks('map', 'pause', 'Paused');
    await run.asks('map', 'resume', 'Running');
    await run.asks('map', 'pause', 'Paused');
    await run.asks('radio', 'pause', 'Paused');
    await run.update('after', AFTER);
  },
};

/** One ends behind the vehicle's back. */
export const ENDED: ContainersScenario = {
  name: 'ended from outside',
  drive: async (run) => {
    await run.update('before', BEFORE);
    await run.vehicle.arm();
    await run.engine.endContainer?.('old');
    await run.shows((rows) => rows.some(({ name, status }) => name === 'old' && status === 'Exited'));
    await run.update('after', AFTER);
  },
};

/** One that its engine can do nothing with any more, found at the start. */
export const BROKEN: ContainersScenario = {
  name: 'broken in the engine',
  drive: async (run) => {
    await run.update('before', BEFORE);
    await run.restartArmed(() => run.engine.breakContainer?.('old'));
    await run.shows((rows) => rows.some(({ name, status }) => name === 'old' && status === 'Dead'));
    await run.update('after', AFTER);
  },
};

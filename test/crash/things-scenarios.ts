/** What a cloud sees of the containers, and does with them. */
import { AFTER, BEFORE, type ContainersScenario } from './containers-scenarios.js';

/** All is shown anew by the next process, and then what changes. */
const SHOWN: ContainersScenario = {
  name: 'shown',
  hasCloud: true,
  drive: async (run) => {
    await run.update('before', BEFORE);
    await run.cloud.isHeard();
    await run.restartArmed();
    await run.cloud.isHeard();
    await run.update('after', AFTER);
  },
};

/** Reports of what runs, and of one that is started meanwhile. */
const MEASURED: ContainersScenario = {
  name: 'measured',
  hasCloud: true,
  drive: async (run) => {
    await run.update('before', BEFORE);
    await run.asks('old', 'stop', 'Stopped');
    const [map, old] = [await run.idOf('map'), await run.idOf('old')];
    await run.cloud.isHeard();
    await run.vehicle.arm();
    await run.cloud.reports([map]);
    await run.asks('old', 'start', 'Running');
    await run.cloud.reports([map, old]);
    await run.cloud.isHeard();
    await run.cloud.noMoreReports();
  },
};

/** A module that is fine, one without an image, one that is no descriptor; and two containers are removed, of which one is not there. */
export const INSTALLED: ContainersScenario = {
  name: 'installed and removed',
  hasCloud: true,
  drive: async (run) => {
    const { cloud } = run;
    await run.update('before', BEFORE);
    await cloud.isHeard();
    const id = await run.idOf('old');
    const moduleOf = (name: string, descriptor: string | object): object => ({
      softwareModule: { name, version: '1' },
      artifacts: [cloud.descriptors.artifact(`/${name}`, descriptor)],
    });
    await run.vehicle.arm();
    await cloud.software('install', 'i', {
      softwareModules: [
        moduleOf('fine', run.descriptor('new', '1.0')),
        moduleOf('none', run.descriptor('new', 'missing')),
        moduleOf('odd', 'no descriptor'),
      ],
    });
    await cloud.isHeard();
    const software = [
      { group: 'local/old', name: id, version: '1.0' },
      { group: 'local/old', name: 'nobody', version: '1.0' },
    ];
    await cloud.software('remove', 'r', { software, forced: true });
  },
};

export const THINGS: readonly ContainersScenario[] = [SHOWN, MEASURED, INSTALLED];

import { join } from 'node:path';
import type { Mosquitto } from '../fakes/mosquitto.js';
import type { CrashEngine } from './container-engines.js';
import type { ContainersScenario } from './containers-scenarios.js';

/** Of a vehicle in `folder`, whose containers are managed as a scenario says. */
export function configOf(
  folder: string,
  scenario: ContainersScenario,
  broker: Mosquitto,
  engine: CrashEngine,
): Readonly<Record<string, unknown>> {
  const updateManager = {
    domain: 'vehicle',
    thingsEnabled: false,
    rebootEnabled: false,
    reportFeedbackInterval: '0s',
    currentStateDelay: '1s',
    agents: { containers: { readTimeout: '20s' } },
    ...scenario.updateManager,
  };
  return {
    dataDir: join(folder, 'data'),
    http: { port: 0 },
    mqtt: { broker: `tcp://${broker.address}` },
    ...(scenario.isUnmanaged ? {} : { updateManager }),
    containerManagement: {
      update_agent: { enable: true },
      things: { enable: scenario.hasCloud ?? false },
      deployment: { enable: true, ctr_dir: join(folder, 'descriptors') },
      manager: { default_ctrs_stop_timeout: '5s' },
      ...engine.settings,
    },
  };
}

import { join } from 'node:path';
import type { Assembly } from '../assembly.js';
import { configOf } from '../hub-config.js';
import { errorRecord, type Logger, systemClock, systemIds } from '../runtime/index.js';
import { createVehicle } from '../vehicle.js';
import { checkVehicleConfig } from '../vehicle-config.js';
import { optionAssignment } from './config-options.js';
import { packageVersion } from './version.js';

/**
 * The vehicle of a demo: its own broker, an update manager, an agent whose slots are folders, and containers that are
 * simulated; it never reboots.
 */
export async function startDemoVehicle(data: string, logger: Logger): Promise<Assembly> {
  const values = {
    dataDir: join(data, 'vehicle'),
    http: { port: 0 },
    mqtt: { embedded: { port: 0 } },
    updateManager: {
      domain: 'vehicle',
      thingsEnabled: false,
      rebootEnabled: false,
      agents: { 'self-update': { readTimeout: '30s' }, containers: { readTimeout: '30s' } },
    },
    selfUpdate: { installer: 'slots', allowHttp: true, maxBytesPerSecond: 1_000_000 },
    containerManagement: {
      update_agent: { enable: true },
      things: { enable: false },
      deployment: { enable: false },
      fleetchart: { engine: 'simulated' },
    },
  };
  const assignments = Object.entries(values).map(([key, value]) => optionAssignment('demo', [key], value));
  const vehicle = createVehicle(configOf(checkVehicleConfig({ assignments })), {
    clock: systemClock,
    ids: systemIds,
    logger,
    version: packageVersion(),
    environment: {},
    end: () => {},
  });
  await vehicle.start((error) => logger.error({ err: errorRecord(error) }, 'demo_vehicle_failed'));
  return vehicle;
}

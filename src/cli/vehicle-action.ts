import type { Command } from 'commander';
import { configOf } from '../hub-config.js';
import { createLogger } from '../runtime/index.js';
import { createVehicle } from '../vehicle.js';
import { checkVehicleConfig } from '../vehicle-config.js';
import { configInputOf } from './config-options.js';
import { logWarnings, reloadConfig } from './config-reload.js';
import { outputOf } from './output.js';
import { urlLines } from './ready-lines.js';
import { runProcess } from './run-process.js';

/** Runs a vehicle as the options of `fleetchart vehicle` say. */
export async function serveVehicle(command: Command): Promise<void> {
  const output = outputOf(command);
  const check = () => checkVehicleConfig(configInputOf(command));
  const started = check();
  const config = configOf(started);
  const logger = createLogger(config.log);
  logWarnings(started.warnings, logger);
  process.exitCode = await runProcess({
    create: (deps) => createVehicle(config, { ...deps, environment: output.terminal.environment }),
    logger,
    terminal: output.terminal,
    ready: (vehicle) => {
      const urls = vehicle.urls();
      output.result(urlLines(urls).join('\n'), { urls });
    },
    reload: () => reloadConfig({ started, check, levelKey: 'log.level', logger }),
  });
}

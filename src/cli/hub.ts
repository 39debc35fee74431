import type { Command } from 'commander';
import { checkHubConfig, configOf } from '../hub-config.js';
import { createLogger } from '../runtime/index.js';
import { leafCommand } from './command.js';
import { configInputOf, withConfigOptions } from './config-options.js';
import { logWarnings, reloadConfig } from './config-reload.js';
import { outputOf } from './output.js';
import { runHub } from './run-hub.js';

/** `fleetchart hub`: the cloud side. */
export function hubCommand(): Command {
  const command = withConfigOptions(
    leafCommand('hub', {
      summary: 'Run the cloud side: telemetry ingest, dispatchers, console',
      example: 'fleetchart hub --config config/hub.yaml',
    }),
    { data: true },
  );
  return command.action(async () => {
    const output = outputOf(command);
    const check = () => checkHubConfig(configInputOf(command));
    const started = check();
    const config = configOf(started);
    const logger = createLogger(config.log);
    logWarnings(started.warnings, logger);
    process.exitCode = await runHub({
      parts: config,
      logger,
      ready: (hub) => {
        const urls = hub.urls();
        const lines = Object.entries(urls).map(([name, url]) => `${name.padEnd(10)} ${url}`);
        if (!config.telemetry) lines.push('no telemetry is configured: see config/hub.yaml for a start');
        output.result(lines.join('\n'), { urls });
      },
      reload: () => reloadConfig({ started, check, levelKey: 'log.level', logger }),
    });
  });
}

import type { Command } from 'commander';
import { referenceForm } from '../actors/telemetry/index.js';
import { checkHubConfig, configOf } from '../hub-config.js';
import { createLogger } from '../runtime/index.js';
import { configInputOf } from './config-options.js';
import { logWarnings, reloadConfig } from './config-reload.js';
import { withFileMistakes } from './named-files.js';
import { outputOf } from './output.js';
import { NO_TELEMETRY, urlLines } from './ready-lines.js';
import { runHub } from './run-hub.js';

/** Runs a hub as the options of `fleetchart hub` say. */
export async function serveHub(command: Command): Promise<void> {
  const output = outputOf(command);
  const check = () => checkHubConfig(configInputOf(command));
  const started = check();
  const config = configOf(await withFileMistakes(started, ['telemetry']));
  const { level, format } = config.log;
  const isReference = config.telemetry?.log.lines === 'reference';
  const logger = createLogger({ level, ...(isReference ? referenceForm(format) : { format }) });
  logWarnings(started.warnings, logger);
  process.exitCode = await runHub({
    parts: config,
    logger,
    terminal: output.terminal,
    ready: (hub) => {
      const urls = hub.urls();
      const lines = urlLines(urls);
      if (!config.telemetry) lines.push(NO_TELEMETRY);
      output.result(lines.join('\n'), { urls });
    },
    reload: () => reloadConfig({ started, check, levelKey: 'log.level', logger }),
  });
}

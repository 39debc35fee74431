import { ConfigError } from '../config/mistake.js';
import { checkServerConfig, configOf } from '../hub-config.js';
import { createLogger } from '../runtime/index.js';
import { optionAssignment } from './config-options.js';
import { logWarnings, reloadConfig } from './config-reload.js';
import { exitCodes, QuietExit } from './exit-code.js';
import { fleetTelemetryFlags, goFlagsUsage, parseGoFlags } from './go-flags.js';
import type { Terminal } from './output.js';
import { runHub } from './run-hub.js';

/** Lines of the reference say `warning`. */
const REFERENCE_LEVELS = { warn: 'warning' } as const;

/** Runs ingest alone, as the reference's own flags say. */
export async function runFleetTelemetry(args: readonly string[], terminal: Terminal): Promise<void> {
  const { values, help } = parseGoFlags(args, fleetTelemetryFlags);
  if (help) {
    terminal.err(
      `Usage of fleet-telemetry:\n${goFlagsUsage(fleetTelemetryFlags)}\n\nExample:\n  $ fleetchart run fleet-telemetry -config=config/fleet-telemetry/server_config.json\n`,
    );
    return;
  }
  const deviceCa = values.get('device-ca');
  const assignments = deviceCa ? [optionAssignment('-device-ca', ['fleetchart', 'deviceCa'], deviceCa)] : [];
  const { environment } = terminal;
  try {
    const check = () => checkServerConfig({ file: values.get('config'), environment, sets: [], assignments });
    const started = check();
    const telemetry = configOf(started);
    const { level, format } = telemetry.log;
    const logger = createLogger({
      level,
      format,
      base: { context: 'fleet-telemetry' },
      levelNames: REFERENCE_LEVELS,
    });
    logWarnings(started.warnings, logger);
    process.exitCode = await runHub({
      parts: { dataDir: values.get('data') ?? '', telemetry, telemetryPrefix: '' },
      logger,
      terminal,
      ready: () => {},
      reload: () => reloadConfig({ started, check, levelKey: 'log_level', logger }),
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // The reference ends so, too.
    terminal.err(`error=load_service_config value="${values.get('config')}"\n${error.message}\n`);
    throw new QuietExit(exitCodes.wrongUsage);
  }
}

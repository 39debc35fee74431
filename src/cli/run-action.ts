import { referenceForm } from '../actors/telemetry/index.js';
import { ConfigError, type Mistake } from '../config/mistake.js';
import { checkServerConfig, configOf } from '../hub-config.js';
import type { TelemetrySettings } from '../protocols/fleet-telemetry/server-settings.js';
import { createLogger, type RootLogger } from '../runtime/index.js';
import { optionAssignment } from './config-options.js';
import { logWarnings, reloadConfig } from './config-reload.js';
import { exitCodes, QuietExit } from './exit-code.js';
import { fleetTelemetryFlags, goFlagsUsage, parseGoFlags } from './go-flags.js';
import { withFileMistakes } from './named-files.js';
import { renderError, type Terminal } from './output.js';
import { runHub } from './run-hub.js';

/** The reference panics, whatever keeps it from running. */
const PANIC = exitCodes.wrongUsage;

/** Our own lines say `warning`, too. */
const OWN_FORM = { base: { context: 'fleet-telemetry' }, levelNames: { warn: 'warning' } } as const;

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
    const telemetry = withReferenceLabels(configOf(await withFileMistakes(started, [])));
    const { level, format, lines = 'reference' } = telemetry.log;
    const form = lines === 'reference' ? referenceForm(format) : { ...OWN_FORM, format };
    const logger = createLogger({ level, ...form });
    logFindings(started.warnings, started.loaded.value, lines === 'reference', logger);
    const { prometheus, statsd } = telemetry.monitoring;
    if (lines === 'reference' && !prometheus && !statsd) logger.info({}, 'config_skipping_empty_metrics_provider');
    process.exitCode = await runHub({
      parts: { dataDir: values.get('data') ?? '', telemetry, telemetryPrefix: '', logLines: lines },
      logger,
      terminal,
      ready: () => {},
      failedStart: PANIC,
      reload: () => reloadConfig({ started, check, levelKey: 'log_level', logger }),
    });
  } catch (error) {
    const isConfig = error instanceof ConfigError;
    if (isConfig) terminal.err(`error=load_service_config value="${firstOf(error, values.get('config') ?? '')}"\n`);
    terminal.err(renderError(error, false).text);
    throw new QuietExit(PANIC);
  }
}

/** Dashboards made for the reference go on working, unless the file says otherwise (FT-RL-5). */
const withReferenceLabels = (telemetry: TelemetrySettings): TelemetrySettings => ({
  ...telemetry,
  rateLimitLabels: telemetry.rateLimitLabels ?? 'reference',
});

/** What the reference would have ended with: it tells one mistake only. */
function firstOf({ mistakes: [first] }: ConfigError, file: string): string {
  const { code, pointer, message } = first ?? { code: undefined, pointer: '', message: file };
  const reason = code === 'CONFIG_UNREADABLE' && pointer === '' && /\(E[A-Z]+: ([^,)]+)/.exec(message)?.[1];
  return reason ? `open ${file}: ${reason}` : message;
}

/** What is remarkable in the configuration: under the reference's names where it has some. */
function logFindings(warnings: readonly Mistake[], config: unknown, isReference: boolean, logger: RootLogger): void {
  const { log_level: level } = config as { readonly log_level?: unknown };
  const isLevel = ({ pointer }: Mistake): boolean => isReference && pointer === '/log_level';
  if (warnings.some(isLevel))
    logger.error({ error: `not a valid logrus Level: ${JSON.stringify(level)}` }, 'invalid_level');
  logWarnings(
    warnings.filter((warning) => !isLevel(warning)),
    logger,
  );
}

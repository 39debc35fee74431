import { isDeepStrictEqual } from 'node:util';
import { type Mistake, renderMistake } from '../config/mistake.js';
import type { Checked } from '../hub-config.js';
import type { RootLogger } from '../runtime/index.js';

/** Any configuration that says how much is logged. */
type WithLog = Checked<{ readonly log: { readonly level: RootLogger['level'] } }>;

export interface ConfigReloadOptions {
  /** What the process runs with. */
  readonly started: WithLog;
  /** Reads the same files, environment and options again. */
  readonly check: () => WithLog;
  /** Where the level stands: all other keys need a restart. */
  readonly levelKey: string;
  readonly logger: RootLogger;
}

/**
 * What SIGHUP does with a configuration file: the log level holds at once, everything else is named. Whether the file
 * could be taken.
 */
export function reloadConfig({ started, check, levelKey, logger }: ConfigReloadOptions): boolean {
  const { config, mistakes, loaded } = check();
  if (!config) {
    logger.error({ mistakes: mistakes.map(renderMistake) }, 'config_reload_refused');
    return false;
  }
  const { level } = config.log;
  if (level !== logger.level) {
    const change = { from: logger.level, to: level };
    const isTold = logger.isEnabled('info');
    // Written under the one of the two levels that says more.
    if (isTold) logger.info(change, 'log_level_changed');
    logger.level = level;
    if (!isTold) logger.info(change, 'log_level_changed');
  }
  const changed = changedKeys(started.loaded.value, loaded.value).filter((key) => key !== levelKey);
  if (changed.length > 0) logger.warn({ changed, do: 'restart to apply them' }, 'config_restart_needed');
  return true;
}

/** Tells what is remarkable in a configuration that can be used. */
export function logWarnings(warnings: readonly Mistake[], logger: RootLogger): void {
  for (const warning of warnings) {
    const { code, pointer, message, hint, where } = warning;
    logger.warn({ code, pointer, detail: message, do: hint, where }, 'config_warning');
  }
}

/** Dotted paths of the values that differ; never the values, which may be secret. */
export function changedKeys(before: unknown, after: unknown, path: readonly string[] = []): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isObject(before) || !isObject(after)) return [path.join('.')];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => changedKeys(before[name], after[name], [...path, name]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

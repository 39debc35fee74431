import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type ManagementSettings,
  managementFlags,
  readManagementSettings,
} from '../actors/container-management/index.js';
import { shownBroker } from '../actors/mqtt-link/index.js';
import { readConfigFile } from '../config/read-file.js';
import type { SettingsFinding } from '../protocols/update-agent/index.js';
import { createLogger } from '../runtime/index.js';
import { makeFolder } from '../runtime/make-folder.js';
import { createVehicle } from '../vehicle.js';
import { CliError, exitCodes, QuietExit } from './exit-code.js';
import { type GoFlagsResult, goFlagsUsage, parseGoFlags } from './go-flags.js';
import { kantoLog } from './kanto-log.js';
import type { Terminal } from './output.js';
import { runProcess, STOP_DEADLINE_MS } from './run-process.js';
import { syslog } from './syslog.js';
import { packageVersion } from './version.js';

const NAME = 'container-management';

/** Runs container management alone, as Kanto's own flags and file say (CUA-38). */
export async function runContainerManagement(args: readonly string[], terminal: Terminal): Promise<void> {
  const { environment } = terminal;
  const flags = managementFlags();
  const { given, values, rest, help } = parse(args, terminal);
  if (help) {
    terminal.out(
      `Usage of ${NAME}:\n${goFlagsUsage(flags)}\n\nExample:\n  $ fleetchart run ${NAME} --cfg-file /etc/${NAME}/config.json\n`,
    );
    return;
  }
  if (rest.length > 0) fail(terminal, 'failed to execute root command', `unknown command ${JSON.stringify(rest[0])}`);
  const path = values.get('cfg-file') ?? '';
  const result = readManagementSettings({ file: fileContent(path, terminal), flags: given });
  if (!result.ok) {
    return fail(terminal, 'failed to load local configuration', result.mistakes.map(told).join('; '));
  }
  const { value: settings } = result;
  const logger = createLogger({
    level: settings.log.logLevel.toLowerCase() as Lowercase<ManagementSettings['log']['logLevel']>,
    destination: destinationOf(settings, terminal),
  });
  for (const { key, message } of result.warnings) {
    // Not `key`: what is logged under that name is taken for a secret.
    const fields = { setting: key, detail: message };
    // A level that is none is ERROR: a mere warning would go unseen.
    if (key === 'log.log_level') logger.error(fields, 'config_warning');
    else logger.warn(fields, 'config_warning');
  }
  const { broker } = settings.connection;
  const version = packageVersion();
  logger.info({ version, broker: shownBroker(broker), domain: settings.agent.domain }, 'container_management_starts');
  process.exitCode = await runProcess({
    create: (deps) =>
      createVehicle(
        {
          dataDir: join(settings.homeDir, 'fleetchart'),
          ...(settings.httpPort === 0 ? {} : { http: loopback(settings.httpPort) }),
          containerManagement: {
            settings,
            hasOwnBroker: true,
            ...(path === '' ? {} : { source: { file: path, read: () => registriesOf(path, given) } }),
          },
        },
        { ...deps, environment },
      ),
    logger,
    terminal,
    stopSignals: ['SIGQUIT'],
    deadlineMs: stopMs(settings),
  });
}

/** Containers that stop with this process have their whole time, as in the reference. */
const stopMs = ({ stopContainersOnExit, stopTimeoutS }: ManagementSettings): number =>
  STOP_DEADLINE_MS + (stopContainersOnExit ? stopTimeoutS * 1_000 : 0);

const loopback = (port: number) => ({ host: '127.0.0.1', port, tokens: [], allowedHosts: [] });

/** Whatever is wrong with the flags ends with 1, as in the reference. */
function parse(args: readonly string[], terminal: Terminal): GoFlagsResult {
  try {
    return parseGoFlags(args, managementFlags());
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return fail(terminal, 'failed to execute root command', error.message);
  }
}

/** A file that is missing or empty is the defaults (CUA-38). */
function fileContent(path: string, terminal: Terminal): unknown {
  const found = path === '' ? undefined : statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  const what = 'failed to load local configuration';
  if (found.isDirectory()) return fail(terminal, what, `provided configuration path ${path} is a directory`);
  if (found.size === 0) return undefined;
  const read = readConfigFile(path);
  return read.ok ? read.value.value : fail(terminal, what, `${read.error.where ?? path}: ${read.error.message}`);
}

/** What the file comes to now, for a process that runs. */
function registriesOf(path: string, flags: ReadonlyMap<string, string>) {
  const isEmpty = statSync(path, { throwIfNoEntry: false })?.size === 0;
  const read = isEmpty ? undefined : readConfigFile(path);
  if (read && !read.ok) throw new Error(`${read.error.where ?? path}: ${read.error.message}`);
  const result = readManagementSettings({ file: read?.value.value, flags });
  if (!result.ok) throw new Error(result.mistakes.map(told).join('; '));
  return result.value.registries;
}

function destinationOf({ log }: ManagementSettings, terminal: Terminal) {
  if (log.logFile === '' && log.syslog) return syslog(NAME, terminal);
  try {
    if (log.logFile !== '') makeFolder(dirname(log.logFile), 0o755);
  } catch (error) {
    return fail(terminal, 'failed to initialize logger', (error as Error).message);
  }
  return kantoLog(NAME, log, { err: (text) => terminal.out(text) });
}

function fail(terminal: Terminal, what: string, why: string): never {
  terminal.err(`${what}: ${why}\n`);
  throw new QuietExit(exitCodes.failed);
}

const told = ({ key, message }: SettingsFinding): string => (key === '' ? message : `${key}: ${message}`);

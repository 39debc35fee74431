import { dirname } from 'node:path';
import { readTlsFiles, shownBroker } from '../actors/mqtt-link/index.js';
import {
  type ManagerSettings,
  managerAgents,
  managerFlags,
  readManagerSettings,
} from '../actors/update-manager/index.js';
import { readConfigFile } from '../config/read-file.js';
import { managerLink } from '../manager-link.js';
import type { SettingsFinding } from '../protocols/update-agent/index.js';
import { createLogger } from '../runtime/index.js';
import { makeFolder } from '../runtime/make-folder.js';
import { createVehicle } from '../vehicle.js';
import { exitCodes, QuietExit } from './exit-code.js';
import { goFlagsUsage, parseGoFlags } from './go-flags.js';
import { kantoLog } from './kanto-log.js';
import type { Terminal } from './output.js';
import { runProcess } from './run-process.js';
import { packageVersion } from './version.js';

const DATA_FLAG = {
  name: 'data',
  default: './data/update-manager',
  usage: 'Where the state is stored, so that an update goes on after a restart.',
  needsText: true,
};

/** Runs the update manager alone, as Kanto's own flags, environment and file say (UM 10.2, 10.3). */
export async function runUpdateManager(args: readonly string[], terminal: Terminal): Promise<void> {
  const { environment } = terminal;
  const fail = (what: string, why: string): never => {
    terminal.err(`${what}: ${why}\n`);
    throw new QuietExit(exitCodes.failed);
  };
  // Which flags there are depends on the agents, which the file and a flag name.
  const path = lastValue(args, 'config-file') || undefined;
  const read = path === undefined ? undefined : readConfigFile(path);
  if (read && !read.ok)
    return fail('failed to load local configuration', `${read.error.where ?? path}: ${read.error.message}`);
  if (read && read.value.value === null) return fail('failed to load local configuration', `${path} is empty`);
  const domains = lastValue(args, 'domains');
  const early = new Map(domains === undefined ? [] : [['domains', domains]]);
  const file = read?.value.value;
  const flags = [...managerFlags(managerAgents({ file, environment, flags: early })), DATA_FLAG];
  const { given, values, help } = parseGoFlags(args, flags);
  if (help) {
    terminal.err(
      `Usage of update-manager:\n${goFlagsUsage(flags)}\n\nExample:\n  $ fleetchart run update-manager -config-file /etc/kanto-update-manager/config.json\n`,
    );
    return;
  }
  const version = packageVersion();
  if (values.get('version') === 'true') {
    terminal.out(`${version}\n`);
    return;
  }
  const result = readManagerSettings({ file, environment, flags: given, version, onStop: 'incomplete' });
  for (const { key, message } of result.warnings) terminal.out(`${key}: ${message}\n`);
  if (!result.ok) {
    const isConnection = result.mistakes.every(({ key }) => key.startsWith('connection.'));
    const what = isConnection ? 'failed to init Update Manager' : 'failed to load local configuration';
    return fail(what, result.mistakes.map(told).join('; '));
  }
  const { value: settings } = result;
  const unusable = await unusableCertificate(settings);
  if (unusable) return fail('failed to init Update Manager', unusable);
  const { logFile, logLevel } = settings.log;
  try {
    if (logFile !== '') makeFolder(dirname(logFile), 0o755);
  } catch (error) {
    return fail('failed to initialize logger', (error as Error).message);
  }
  const level = logLevel.toLowerCase() as Lowercase<typeof logLevel>;
  const logger = createLogger({ level, destination: kantoLog('update-manager', settings.log, terminal) });
  const { connection, domain } = settings;
  logger.info({ version, broker: shownBroker(connection.broker), domain }, 'update_manager_starts');
  process.exitCode = await runProcess({
    create: (deps) =>
      createVehicle(
        { dataDir: values.get('data') ?? '', updateManager: { settings, hasOwnBroker: true } },
        { ...deps, environment },
      ),
    logger,
    terminal,
    stopSignals: ['SIGQUIT'],
  });
}

const told = ({ key, message }: SettingsFinding): string => (key === '' ? message : `${key}: ${message}`);

/** UM-CON-7: before anything starts, and in the reference's words. */
async function unusableCertificate(settings: ManagerSettings): Promise<string | undefined> {
  const read = await readTlsFiles(managerLink(settings).tls ?? {});
  if (read.ok) return undefined;
  const { of, kind, file, detail } = read.error;
  if (of !== 'ca') return `failed to load X509 key pair: ${detail}`;
  return kind === 'unreadable' ? `failed to load CA: ${detail}` : `failed to parse CA ${file}: ${detail}`;
}

function lastValue(args: readonly string[], flag: string): string | undefined {
  let value: string | undefined;
  for (const [index, argument] of args.entries()) {
    const [, name, inline] = /^--?([^=]+)(?:=([\s\S]*))?$/.exec(argument) ?? [];
    if (name === flag) value = inline ?? args[index + 1];
  }
  return value;
}

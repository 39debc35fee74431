import { shownBroker } from '../actors/mqtt-link/index.js';
import { agentUsage, readAgentSettings } from '../actors/self-update/index.js';
import { createLogger } from '../runtime/index.js';
import { createVehicle } from '../vehicle.js';
import { exitCodes, QuietExit } from './exit-code.js';
import type { Terminal } from './output.js';
import { runProcess } from './run-process.js';
import { packageVersion } from './version.js';

/** Ours, as the reference has no state of its own. */
const DATA_VARIABLE = 'FLEETCHART_DATA_DIR';

/** Runs the self-update agent alone, as the reference's own arguments and environment say (SUA-47). */
export async function runSelfUpdateAgent(args: readonly string[], terminal: Terminal): Promise<void> {
  const { environment } = terminal;
  const read = readAgentSettings({ argv: args, env: environment });
  if (!read.ok) {
    terminal.err(`${read.error.detail}\n`);
    throw new QuietExit(exitCodes.failed);
  }
  const { value } = read;
  if (value.kind === 'help') {
    const meaning = 'Where the state is stored (default ./data/self-update-agent)';
    terminal.out(`${agentUsage([{ names: [DATA_VARIABLE], value: 'folder', meaning }])}\n`);
    return;
  }
  if (value.kind !== 'run') {
    terminal.out(`${packageVersion()}\n`);
    return;
  }
  const { settings } = value;
  const logger = createLogger({ format: 'json' });
  const { prefix, mode, path } = settings;
  const broker = shownBroker(settings.server);
  logger.info({ version: packageVersion(), broker, prefix, mode, path }, 'self_update_agent_starts');
  process.exitCode = await runProcess({
    create: (deps) =>
      createVehicle(
        {
          dataDir: environment[DATA_VARIABLE] || './data/self-update-agent',
          selfUpdate: {
            settings,
            hasOwnBroker: true,
            installer: { kind: settings.mode === 'dummy' ? 'dummy' : 'rauc' },
          },
        },
        { ...deps, environment },
      ),
    logger,
    terminal,
  });
}

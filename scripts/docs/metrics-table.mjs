// The metrics of a hub, as its registry describes them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHub } from '../../dist/src/hub.js';
import { checkHubConfig, configOf } from '../../dist/src/hub-config.js';
import { createLogger, runUntilSignal, systemClock, systemIds } from '../../dist/src/runtime/index.js';

/** A table of all metrics of a hub with every part that `config/hub.yaml` can switch on. */
export async function metricsTable() {
  const directory = mkdtempSync(join(tmpdir(), 'fleetchart-docs-'));
  try {
    const rows = (await describe(directory)).map(
      ({ name, type, labels, help }) =>
        `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
    );
    return ['| name | type | labels | meaning |', '|---|---|---|---|', ...rows].join('\n');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function describe(directory) {
  const sets = [`dataDir=${directory}`, 'mqtt.embedded.enabled=true'];
  const parts = configOf(checkHubConfig({ file: 'config/hub.yaml', environment: {}, sets, assignments: [] }));
  const logger = createLogger({ level: 'fatal', format: 'json' });
  const hub = await createHub(parts, { clock: systemClock, ids: systemIds, logger, version: 'docs' });
  await runUntilSignal({
    start: async (lifecycle) => lifecycle.stop(),
    stop: (deadlineMs) => hub.stop(deadlineMs),
    logger,
    metrics: hub.metrics,
    clock: systemClock,
    deadlineMs: 5_000,
    process: { on: () => {}, off: () => {}, exit: () => {} },
  });
  return hub.metrics.describe();
}

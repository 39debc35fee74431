// The metrics of a hub and of a vehicle, as their registries describe them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi } from '../../dist/src/http-api.js';
import { createHub } from '../../dist/src/hub.js';
import { checkHubConfig, configOf } from '../../dist/src/hub-config.js';
import {
  createLogger,
  Health,
  Overload,
  runUntilSignal,
  systemClock,
  systemIds,
} from '../../dist/src/runtime/index.js';
import { createVehicle } from '../../dist/src/vehicle.js';
import { checkVehicleConfig } from '../../dist/src/vehicle-config.js';

/** A table of all metrics of a hub and a vehicle with every part that their examples can switch on. */
export async function metricsTable() {
  const known = new Map();
  for (const describe of [describeHub, describeVehicle]) {
    const directory = mkdtempSync(join(tmpdir(), 'fleetchart-docs-'));
    try {
      for (const metric of await describe(directory)) known.set(metric.name, metric);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
  const metrics = [...known.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const rows = metrics.map(
    ({ name, type, labels, help }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  );
  return ['| name | type | labels | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

const DEPS = {
  environment: {},
  end: () => {},
  clock: systemClock,
  ids: systemIds,
  logger: createLogger({ level: 'fatal', format: 'json' }),
  version: 'docs',
};

async function describeHub(directory) {
  const sets = [
    `dataDir=${directory}`,
    'mqtt.embedded.enabled=true',
    'telemetry.records.V=["file", "kafka", "mqtt", "redis", "kinesis", "pubsub", "zmq", "http"]',
    'telemetry.kafka={"bootstrap.servers": "127.0.0.1:9092"}',
    'telemetry.mqtt.broker=127.0.0.1:1883',
    'telemetry.redis={"addrs": ["127.0.0.1:6379"], "publish_vin_topics": true}',
    'telemetry.kinesis={}',
    'telemetry.pubsub={"gcp_project_id": "docs"}',
    'telemetry.namespace=docs',
    'telemetry.zmq={"addr": "tcp://127.0.0.1:5284"}',
    'telemetry.fleetchart.http={"url": "http://127.0.0.1/"}',
    'telemetry.fleetchart.errorWebhook={"url": "http://127.0.0.1/"}',
  ];
  const parts = configOf(checkHubConfig({ file: 'config/hub.yaml', environment: {}, sets, assignments: [] }));
  return describe(await createHub(parts, DEPS));
}

async function describeVehicle(directory) {
  const sets = [`dataDir=${directory}`, 'hub.deviceId=docs'];
  const parts = configOf(checkVehicleConfig({ file: 'config/vehicle.yaml', environment: {}, sets, assignments: [] }));
  return describe(createVehicle(parts, { ...DEPS, environment: {}, end: () => {} }));
}

async function describe(whole) {
  const { clock, logger } = DEPS;
  // The last to be made, at a start.
  createApi({
    config: { host: '127.0.0.1', port: 0, tokens: [], allowedHosts: [] },
    system: whole.system,
    metrics: whole.metrics,
    health: new Health(),
    overload: new Overload({ clock, log: logger, waitMs: () => 0 }),
    supervision: () => undefined,
    routes: [],
    clock,
    logger,
  });
  await runUntilSignal({
    start: async (lifecycle) => lifecycle.stop(),
    stop: (deadlineMs) => whole.stop(deadlineMs),
    logger,
    metrics: whole.metrics,
    clock,
    deadlineMs: 5_000,
    process: { on: () => {}, off: () => {}, exit: () => {} },
  });
  return whole.metrics.describe();
}

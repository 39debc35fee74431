import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { demoCertificates } from '../actors/provisioning/index.js';
import { createSimulation, issueCredentials, type Simulation } from '../actors/simulation/index.js';
import type { Assembly } from '../assembly.js';
import { checkHubConfig, configOf, type HubConfig } from '../hub-config.js';
import { createLogger } from '../runtime/index.js';
import { optionAssignment } from './config-options.js';
import { type OfferedBundle, offerBundle } from './demo-bundle.js';
import { startDemoVehicle } from './demo-vehicle.js';
import { CliError, exitCodes } from './exit-code.js';
import type { Output } from './output.js';
import { runHub } from './run-hub.js';

export interface DemoOptions {
  readonly data: string;
  readonly vehicles: number;
  readonly rate: number;
  readonly logLevel: string;
}

interface DemoPorts {
  readonly http: number;
  readonly telemetry: number;
  readonly mqtt: number;
}

const LOOPBACK = '127.0.0.1';
const MOST_VEHICLES = 200;
const VEHICLE_STOP_MS = 5_000;
/** The same with each start where it is free: a download that was cut off goes on. */
const BUNDLE_PORT = 8088;

/** Runs a hub, simulated vehicles that send it telemetry, and a vehicle to update, until a signal ends them. */
export async function runDemo(options: DemoOptions, output: Output): Promise<void> {
  if (!(options.vehicles >= 0 && options.vehicles <= MOST_VEHICLES)) {
    const hint = 'for more there is `fleetchart simulate`';
    throw new CliError(`--vehicles takes 0 to ${MOST_VEHICLES}`, { exitCode: exitCodes.wrongUsage, hint });
  }
  const ports = { http: await freePort(8080), telemetry: await freePort(4443), mqtt: await freePort(1883) };
  const certificates = await demoCertificates(join(options.data, 'certs'), { hosts: ['localhost', LOOPBACK] });
  const config = demoConfig(options, ports);
  const logger = createLogger(config.log);
  let simulation: Simulation | undefined;
  let vehicle: Assembly | undefined;
  let bundle: OfferedBundle | undefined;
  process.exitCode = await runHub({
    parts: config,
    logger,
    terminal: output.terminal,
    ready: async (hub) => {
      const vehicles = await issueCredentials(certificates.authority, options.vehicles, 'DEMO');
      const url = `wss://localhost:${ports.telemetry}`;
      const ca = certificates.authority.certificatePem;
      if (vehicles.length > 0) {
        simulation = createSimulation({ url, ca, vehicles, perSecond: options.rate }, { system: hub.system });
        simulation.start();
      }
      vehicle = await startDemoVehicle(options.data, logger);
      bundle = await offerBundle(join(options.data, 'bundles'), await freePort(BUNDLE_PORT));
      const update = join(options.data, 'update.json');
      await writeFile(update, desiredState(bundle));
      const urls = { hub: hub.urls(), vehicle: vehicle.urls() };
      output.result(welcome(options, urls.hub, urls.vehicle, update), {
        urls: urls.hub,
        vehicle: urls.vehicle,
        data: options.data,
      });
    },
    stopping: async () => {
      output.note('\nstopping: vehicles first, then what they sent');
      await simulation?.stop();
      await vehicle?.stop(VEHICLE_STOP_MS);
      bundle?.close();
    },
    stopped: () => output.note(`stopped; \`npm start\` goes on with what is in ${options.data}`),
  });
}

function demoConfig({ data, logLevel }: DemoOptions, ports: DemoPorts): HubConfig {
  const certs = join(data, 'certs');
  const telemetry = {
    host: LOOPBACK,
    port: ports.telemetry,
    tls: { server_cert: join(certs, 'hub.crt'), server_key: join(certs, 'hub.key'), ca_file: join(certs, 'ca.crt') },
    records: {
      V: ['file', 'mqtt'],
      alerts: ['file', 'mqtt'],
      errors: ['file', 'mqtt'],
      connectivity: ['file', 'mqtt'],
    },
    mqtt: { broker: `${LOOPBACK}:${ports.mqtt}`, client_id: 'fleetchart-demo', topic_base: 'telemetry', qos: 1 },
  };
  const demo = { http: { port: ports.http }, mqtt: { embedded: { enabled: true, port: ports.mqtt } } };
  const values = { dataDir: data, log: { level: logLevel }, ...demo, telemetry };
  const assignments = Object.entries(values).map(([key, value]) => optionAssignment('demo', [key], value));
  return configOf(checkHubConfig({ assignments }));
}

/** A desired state to try: a system image and a container. */
const desiredState = ({ url, version }: OfferedBundle): string => {
  const component = (id: string, wanted: string, image: string) => ({
    ...{ id, version: wanted },
    config: [{ key: 'image', value: image }],
  });
  const domains = [
    { id: 'self-update', components: [component('os-image', version, url)] },
    { id: 'containers', components: [component('map', '2.1', 'reg.example.com/map:2.1')] },
  ];
  return JSON.stringify({ activityId: 'demo-1', timestamp: 0, payload: { domains } });
};

type Urls = Readonly<Record<string, string>>;

function welcome({ vehicles, data }: DemoOptions, urls: Urls, vehicle: Urls, update: string): string {
  const { http = '', telemetry = '', mqtt = '' } = urls;
  return `
Fleetchart: a hub, ${vehicles} simulated vehicles and one to update, on this machine. Ctrl-C ends it.

  console    ${http}/
  telemetry  ${telemetry}
  mqtt       ${mqtt}
  records    ${join(data, 'records')}
  vehicle    ${vehicle['http']}/ with its broker at ${vehicle['mqtt']}

Try next, in another terminal:
  npx fleetchart simulate --vehicles 50 --rate 5 --url ${telemetry} --device-ca ${join(data, 'certs')}
  npx fleetchart inspect --url ${http} --watch 'vehicle-connection/*'
  mosquitto_sub -p ${new URL(mqtt).port} -t 'telemetry/#' -v
An update of the vehicle, of its system and of the containers that it simulates:
  mosquitto_pub -p ${new URL(vehicle['mqtt'] ?? mqtt).port} -q 1 -t vehicleupdate/desiredstate -f ${update}
`;
}

/** `wanted` if nobody has it, or one that the system gives. */
function freePort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', () => (wanted === 0 ? reject(new CliError('no port is free')) : resolve(freePort(0))));
    server.listen(wanted, LOOPBACK, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : wanted));
    });
  });
}

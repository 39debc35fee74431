/**
 * A whole vehicle, composed as `fleetchart vehicle` does, that ends itself with SIGKILL once a state of an actor is on
 * disk. It is loaded before it is needed: the first line of its input is a `VehicleOrder`, the second one arms it. It
 * tells of each state that it rests in.
 */
import { createInterface } from 'node:readline';
import { SlotFiles } from '../../src/actors/self-update/installers/slots/slot-files.js';
import { stateText } from '../../src/runtime/cell/waits.js';
import { createLogger, systemClock, systemIds, typeOf } from '../../src/runtime/index.js';
import { createVehicle } from '../../src/vehicle.js';
import { checkVehicleConfig } from '../../src/vehicle-config.js';
import type { VehicleOrder } from './killed-vehicle.js';

const input = createInterface({ input: process.stdin });
const order = await new Promise<string>((resolve) => {
  input.once('line', resolve);
  // Nobody needs it, or whoever started it is gone.
  input.once('close', () => process.exit(1));
});
const { file, kill } = JSON.parse(order) as VehicleOrder;
const { config, mistakes } = checkVehicleConfig({ file });
if (!config) throw new Error(JSON.stringify(mistakes));

let isArmed = kill?.isArmed ?? false;
input.on('line', () => {
  isArmed = true;
  tell('armed');
});

const tell = (line: string): void => void process.stdout.write(`${line}\n`);
const fill = SlotFiles.prototype.fill;
SlotFiles.prototype.fill = async function (this: SlotFiles, slot, content) {
  await fill.call(this, slot, content);
  tell(`filled ${slot}`);
};

const vehicle = createVehicle(config, {
  clock: systemClock,
  ids: systemIds,
  logger: createLogger({ level: 'error' }),
  version: 'test',
  environment: process.env,
  end: () => process.exit(0),
});
const { system } = vehicle;

/**
 * Which of several actors of a type it is: a container is told by its name and the tag of its image. What shows
 * containers is told by how many it shows.
 */
function labelOf(address: string): string {
  const context = system.peek(address)?.context ?? {};
  if (typeOf(address) === 'things-bridge') {
    const { remembered = {} } = context as { remembered?: Readonly<Record<string, readonly string[]>> };
    return String(Object.values(remembered).flat().length);
  }
  if (typeOf(address) !== 'container') return '';
  const { config } = context as { config?: { name: string; image: string } };
  return config ? `${config.name}:${config.image.split(':').at(-1)}` : '';
}

const ignore = (): void => {};
const tap = {
  committed: (address: string, _outputs: unknown, value: unknown): void => {
    const type = typeOf(address);
    const state = stateText(value);
    // It is gone.
    if (state === '') return;
    const of = labelOf(address);
    tell(`state ${type} ${state} ${of}`);
    if (!isArmed || type !== kill?.type || state !== kill.state || of !== kill.of) return;
    void system.commit.flushed().then(() => process.kill(process.pid, 'SIGKILL'));
  },
  started: ignore,
  restored: ignore,
  event: ignore,
  hot: ignore,
};
system.onLifecycle((address, change) => {
  if (change === 'woke') system.tap(address, tap);
});
process.on('SIGTERM', () => void vehicle.stop(30_000).then(() => process.exit(0)));
await vehicle.start((error) => {
  throw error;
});
tell(`up ${vehicle.urls().http}`);

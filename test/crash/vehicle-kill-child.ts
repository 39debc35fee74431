/**
 * A whole vehicle, composed as `fleetchart vehicle` does, that ends itself with SIGKILL once a state of an actor is on
 * disk: `vehicle-kill-child.js CONFIG KILL`, with a `KillAt` as JSON. It tells of each state that it rests in.
 */
import { SlotFiles } from '../../src/actors/self-update/installers/slots/slot-files.js';
import { stateText } from '../../src/runtime/cell/waits.js';
import { createLogger, systemClock, systemIds, typeOf } from '../../src/runtime/index.js';
import { createVehicle } from '../../src/vehicle.js';
import { checkVehicleConfig } from '../../src/vehicle-config.js';
import type { KillAt } from './killed-vehicle.js';

const [file = '', killAt = 'null'] = process.argv.slice(2);
const kill = JSON.parse(killAt) as KillAt | null;
const { config, mistakes } = checkVehicleConfig({ file });
if (!config) throw new Error(JSON.stringify(mistakes));

let isArmed = kill?.isArmed ?? false;
process.stdin.on('data', () => {
  isArmed = true;
});
// Whoever started it is gone.
process.stdin.on('end', () => process.exit(1));

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

/** Which of several actors of a type it is: a container is told by its name and the tag of its image. */
function labelOf(address: string): string {
  if (typeOf(address) !== 'container') return '';
  const { config } = (system.peek(address)?.context ?? {}) as { config?: { name: string; image: string } };
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

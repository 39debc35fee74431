/**
 * A whole vehicle, composed as `fleetchart vehicle` does, that ends itself with SIGKILL once a state of an actor is on
 * disk: `update-kill-child.js CONFIG TYPE STATE`. It tells of each state that it rests in.
 */
import { SlotFiles } from '../../src/actors/self-update/installers/slots/slot-files.js';
import { stateText } from '../../src/runtime/cell/waits.js';
import { createLogger, systemClock, systemIds, typeOf } from '../../src/runtime/index.js';
import { createVehicle } from '../../src/vehicle.js';
import { checkVehicleConfig } from '../../src/vehicle-config.js';

const [file = '', type = '', state = ''] = process.argv.slice(2);
const { config, mistakes } = checkVehicleConfig({ file });
if (!config) throw new Error(JSON.stringify(mistakes));

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
const ignore = (): void => {};
const tap = {
  committed: (address: string, _outputs: unknown, value: unknown): void => {
    const here = stateText(value);
    tell(`state ${typeOf(address)} ${here}`);
    if (typeOf(address) !== type || here !== state) return;
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
process.on('SIGTERM', () => void vehicle.stop(5_000).then(() => process.exit(0)));
await vehicle.start((error) => {
  throw error;
});
tell('up');

import { describe, it } from 'node:test';
import { Mosquitto, withoutMosquitto } from '../fakes/mosquitto.js';
import { cloudAndVehicle, comesAgain } from '../fakes/things-vehicle.js';

describe('containers in the cloud, over mosquitto', { skip: withoutMosquitto() }, () => {
  it('THG-5 THG-6 a cloud connector sees, operates and measures them, through a change of device and a loss', async (t) => {
    const broker = await Mosquitto.start(t);
    const parts = await cloudAndVehicle(t, `mqtt://${broker.address}`);
    await comesAgain(parts, { kill: () => broker.kill(), start: () => broker.start() });
  });
});

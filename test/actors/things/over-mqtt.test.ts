import { it } from 'node:test';
import { cloudAndVehicle } from '../../fakes/things-vehicle.js';
import { startBroker } from '../mqtt/broker-setup.js';

it('THG-6 a cloud connector sees, operates and measures containers over the embedded broker', async (t) => {
  const broker = await startBroker(t);
  await cloudAndVehicle(t, broker.address.url);
});

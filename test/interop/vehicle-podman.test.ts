import { test } from 'node:test';
import { PodmanLab, withoutPodman } from '../fakes/podman-lab.js';
import { driveVehicle } from './vehicle-engine.js';

test('REG-5 ENG-2 a vehicle on a real podman: a registry that is added while it runs, an update, a rollback', {
  skip: withoutPodman(),
}, async (t) => {
  const lab = await PodmanLab.start();
  t.after(() => lab.close());
  await driveVehicle(t, lab);
});

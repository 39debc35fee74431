import { test } from 'node:test';
import { DockerLab, withoutDocker } from '../fakes/docker-lab.js';
import { driveVehicle } from './vehicle-engine.js';

test('REG-5 ENG-2 a vehicle on a real Docker: a registry that is added while it runs, an update, a rollback', {
  skip: withoutDocker(),
}, async (t) => {
  const lab = await DockerLab.start();
  t.after(() => lab.close());
  await driveVehicle(t, lab);
});

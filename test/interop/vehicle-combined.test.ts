import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { containersDomain } from '../fakes/desired-containers.js';
import { withoutMosquitto } from '../fakes/mosquitto.js';
import { PodmanLab, withoutPodman } from '../fakes/podman-lab.js';
import { withoutRauc } from '../fakes/rauc-lab.js';
import { MANAGER, RaucVehicle } from '../fakes/rauc-vehicle.js';

/** A device with RAUC and podman, whose desired states are of both. */
async function prepare(t: TestContext) {
  const vehicle = await RaucVehicle.prepare(t);
  const engine = await PodmanLab.start();
  t.after(() => engine.close());
  const { user, password } = engine.credentials;
  const containerManagement = {
    update_agent: { enable: true },
    things: { enable: false },
    deployment: { enable: false },
    manager: { default_ctrs_stop_timeout: '5s' },
    containers: {
      insecure_registries: [engine.registry],
      registry_configurations: { [engine.registry]: { credentials: { user_id: user, password } } },
    },
    fleetchart: { engine: 'engine-api', socket: engine.socketPath },
  };
  const agents = { ...MANAGER.agents, containers: { readTimeout: '60s' } };
  const start = () => vehicle.start({ agents }, { containerManagement });
  const want = async (activityId: string, version: string, image: string): Promise<string> => {
    const bundle = readFileSync(vehicle.lab.bundle(activityId, version));
    await vehicle.wantFile(activityId, version, bundle, [containersDomain([{ name: 'app', image }])]);
    return vehicle.backend.outcome(activityId);
  };
  const running = (): string => engine.podman('ps', '--format', '{{.ID}} {{.Names}} {{.Image}}').trim();
  return { vehicle, engine, start, want, running };
}

const skip = withoutRauc() || withoutPodman() || withoutMosquitto();

describe('a vehicle whose system and containers are updated by one desired state', { skip }, () => {
  it('CUA-32 SUA-45 UM-RBT-3 a real RAUC installs the image and a real podman runs the containers, over a reboot', async (t) => {
    const { vehicle, engine, start, want, running } = await prepare(t);
    const before = start();
    await vehicle.reports();
    await vehicle.backend.knows('containers-update-agent');
    assert.equal(await want('one', '1.1', engine.image('1.0')), 'COMPLETED');
    const made = running();
    assert.match(made, new RegExp(` app ${engine.image('1.0')}$`));
    assert.deepEqual([vehicle.installs, vehicle.lab.primary], [1, 'B']);
    await vehicle.reboot([before]);
    start();
    await vehicle.reports((version) => version === '1.1');
    assert.equal(running(), made, 'it is the same one still');
    assert.equal(await want('two', '1.2', engine.image('2.0')), 'COMPLETED');
    assert.match(running(), new RegExp(` app ${engine.image('2.0')}$`));
    assert.equal(vehicle.lab.primary, 'A');
    assert.equal(engine.podman('ps', '--all', '--quiet').trim().split('\n').length, 1, 'the old one is gone');
  });

  it('UM-ORC-5 CUA-32 containers whose image is missing are left as they run, and the update is incomplete', async (t) => {
    const { vehicle, engine, start, want, running } = await prepare(t);
    start();
    await vehicle.reports();
    await vehicle.backend.knows('containers-update-agent');
    const { backend } = vehicle;
    await backend.desireAll('before', [containersDomain([{ name: 'app', image: engine.image('1.0') }])]);
    assert.equal(await backend.outcome('before'), 'COMPLETED');
    const made = running();
    assert.equal(await want('one', '1.1', engine.image('missing')), 'INCOMPLETE');
    assert.equal(running(), made, 'neither replaced nor started anew');
    assert.equal(engine.podman('ps', '--all', '--quiet').trim().split('\n').length, 1, 'nothing is left of the other');
    assert.deepEqual(backend.commandsTo('containersupdate', 'one'), ['DOWNLOAD', 'CLEANUP']);
    // The other domain goes on (UM-ORC-5).
    assert.deepEqual(backend.commandsTo('selfupdate', 'one'), ['DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP']);
    assert.deepEqual([vehicle.installs, vehicle.lab.primary], [1, 'B']);
  });
});

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runCommand } from '../cli/run-command.js';
import { Backend } from '../fakes/backend.js';
import { HeldBundle } from '../fakes/held-bundle.js';
import { Mosquitto, withoutMosquitto } from '../fakes/mosquitto.js';
import { eventually, temporaryFolder } from '../fakes/runtime.js';
import { VehicleProcess } from '../fakes/vehicle-process.js';

const COMMANDS = ['DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP'];

describe('an update of a vehicle with the dummy installer', () => {
  it('one process: from the desired state to COMPLETED', async (t) => {
    const bundles = await HeldBundle.start(t);
    const sets = [
      'http.port=0',
      'mqtt.embedded.port=0',
      'selfUpdate.mode=dummy',
      'selfUpdate.allowHttp=true',
      'updateManager.reportFeedbackInterval=1s',
    ];
    const vehicle = new VehicleProcess(t, [
      'vehicle',
      '--json',
      '--config',
      'config/vehicle.yaml',
      '--data',
      temporaryFolder(t),
      ...sets.flatMap((set) => ['--set', set]),
    ]);
    const { http, mqtt } = await vehicle.urls();
    const backend = await Backend.connect(t, mqtt);
    await backend.knows('self-update:os-image');
    await backend.desire('one', bundles.url);
    assert.equal(await backend.outcome('one'), 'COMPLETED');
    assert.deepEqual(backend.commands('one'), COMMANDS);
    const statuses = backend.statuses('selfupdate/desiredstatefeedback', 'one');
    assert.deepEqual(
      statuses.filter((status, index) => status !== statuses[index - 1]),
      [
        'IDENTIFYING',
        'IDENTIFIED',
        'DOWNLOADING',
        'DOWNLOAD_SUCCESS',
        'UPDATING',
        'UPDATE_SUCCESS',
        'ACTIVATING',
        'ACTIVATION_SUCCESS',
        'CLEANUP_SUCCESS',
        'COMPLETE',
      ],
    );
    const metrics = await (await fetch(`${http}/metrics`)).text();
    for (const link of ['update-manager', 'self-update-agent']) {
      assert.match(metrics, new RegExp(`mqtt_link_connected\\{link="${link}"\\} 1`));
    }
    await vehicle.kill('SIGTERM');
    assert.deepEqual(vehicle.exit, { code: 0, signal: null });
  });

  it('UM 10.3 SUA-47 two processes in the place of their peers, with mosquitto between them', {
    skip: withoutMosquitto(),
  }, async (t) => {
    const broker = await Mosquitto.start(t);
    const bundles = await HeldBundle.start(t);
    const folder = temporaryFolder(t);
    const file = join(folder, 'config.json');
    const kernel = (name: string): string => {
      writeFileSync(join(folder, name), '');
      return join(folder, name);
    };
    const files = { FILE_SYS_RQ: kernel('sysrq'), FILE_SYS_RQ_TRIGGER: kernel('trigger') };
    const config = {
      domain: 'vehicle',
      thingsEnabled: false,
      rebootAfter: '100ms',
      agents: { 'self-update': { rebootRequired: true, readTimeout: '30s' } },
    };
    writeFileSync(file, JSON.stringify(config));
    const data = join(folder, 'manager');
    const url = `tcp://${broker.address}`;
    const manager = new VehicleProcess(
      t,
      ['run', 'update-manager', '-config-file', file, `-mqtt-conn-broker=${url}`, '-data', data],
      files,
    );
    // What it downloads from has no TLS, which the reference's command line cannot ask for.
    const agent = new VehicleProcess(t, [
      'vehicle',
      '--data',
      join(folder, 'agent'),
      ...[
        'http.port=0',
        `mqtt.broker=${url}`,
        `selfUpdate.server=${url}`,
        'selfUpdate.mode=dummy',
        'selfUpdate.allowHttp=true',
      ].flatMap((set) => ['--set', set]),
    ]);
    const backend = await Backend.connect(t, `mqtt://${broker.address}`);
    await backend.knows('self-update:os-image');
    await backend.desire('two', bundles.url);
    assert.equal(await backend.outcome('two'), 'COMPLETED');
    assert.deepEqual(backend.commands('two'), COMMANDS);
    await eventually(() => readFileSync(files.FILE_SYS_RQ_TRIGGER, 'utf8') === 'b', 'the reboot is asked for', 60_000);
    assert.equal(readFileSync(files.FILE_SYS_RQ, 'utf8'), '1');
    await Promise.all([manager.kill('SIGQUIT'), agent.kill('SIGTERM')]);
    assert.deepEqual(manager.exit, { code: 0, signal: null });
    assert.deepEqual(agent.exit, { code: 0, signal: null });
    assert.match(manager.errors, /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6} {2}\[update-manager\] INFO {4}\S/m);
  });

  it('SUA-47 the agent alone, under the arguments of its peer, answers where it is asked', {
    skip: withoutMosquitto(),
  }, async (t) => {
    const broker = await Mosquitto.start(t);
    const folder = temporaryFolder(t);
    const args = ['run', 'self-update-agent', '-s', `tcp://${broker.address}`, '-i', 'dummy', '--path', folder];
    const agent = new VehicleProcess(t, args, { FLEETCHART_DATA_DIR: join(folder, 'data') });
    const backend = await Backend.connect(t, `mqtt://${broker.address}`);
    await eventually(
      () => backend.heard.some(({ topic }) => topic === 'selfupdate/currentstate'),
      'the current state',
      60_000,
    );
    await agent.kill('SIGTERM');
    assert.deepEqual(agent.exit, { code: 0, signal: null });
  });
});

describe('a role that cannot start', () => {
  it('UM 10.3 ends with 1 and says why', async (t) => {
    const file = join(temporaryFolder(t), 'config.json');
    const run = (text: string) => {
      writeFileSync(file, text);
      return runCommand(['run', 'update-manager', '-config-file', file]);
    };
    for (const text of ['', '{', '{"phaseTimeout": 5}', '[]']) {
      const { exitCode, stderr } = await run(text);
      assert.equal(exitCode, 1, text);
      assert.match(stderr, /^failed to load local configuration: /, text);
    }
    const { exitCode, stderr } = await run('{"connection": {"broker": "ssl://h:8883"}}');
    assert.equal(exitCode, 1);
    assert.match(stderr, /^failed to init Update Manager: .*no TLS configuration is provided/);
    assert.equal((await runCommand(['run', 'update-manager', '-config-file', '/nowhere/at-all'])).exitCode, 1);
    assert.equal((await runCommand(['run', 'update-manager', '-cfg-file', 'x'])).exitCode, 2);
    assert.match((await runCommand(['run', 'update-manager', '-version'])).stdout, /^\d/);
  });

  it('SUA-47 ends with 1 for arguments that are none', async () => {
    for (const args of [['--nonsense'], ['-s'], ['-s', 'ssl://h:1'], ['-i', 'other']]) {
      const { exitCode, stderr } = await runCommand(['run', 'self-update-agent', ...args]);
      assert.equal(exitCode, 1, args.join(' '));
      assert.notEqual(stderr, '');
    }
    assert.equal((await runCommand(['run', 'self-update-agent', '--help'])).exitCode, 0);
  });
});

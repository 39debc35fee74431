import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { configOf } from '../src/hub-config.js';
import { checkVehicleConfig } from '../src/vehicle-config.js';

const check = (...sets: string[]) => checkVehicleConfig({ sets });
const mistakes = (...sets: string[]): string[] => check(...sets).mistakes.map(({ pointer }) => pointer);

describe("a vehicle's configuration", () => {
  it('config/vehicle.yaml is sound', () => {
    const { config, mistakes, warnings } = checkVehicleConfig({ file: 'config/vehicle.yaml' });
    assert.deepEqual([...mistakes, ...warnings], []);
    assert.equal(config?.mqtt.embedded?.embedded.port, 1884);
  });

  it('embeds a broker unless another one is named', () => {
    assert.equal(configOf(check()).mqtt.embedded?.embedded.enabled, true);
    const other = configOf(check('mqtt.broker=tcp://h:1883')).mqtt;
    assert.equal(other.embedded, undefined);
    assert.equal(other.link.broker, 'tcp://h:1883');
    assert.ok(configOf(check('mqtt.broker=tcp://h:1883', 'mqtt.embedded.enabled=true')).mqtt.embedded);
    assert.deepEqual(mistakes('mqtt.embedded.enabled=false'), ['/mqtt/broker']);
  });

  it('reports what does not go together', () => {
    assert.deepEqual(mistakes('mqtt.broker=ftp://h'), ['/mqtt/broker']);
    assert.deepEqual(mistakes('mqtt.tls.certFile=c.pem'), ['/mqtt/tls']);
    assert.deepEqual(mistakes('selfUpdate.mode=stream', 'selfUpdate.installer=slots'), ['/selfUpdate/mode']);
    assert.deepEqual(mistakes('selfUpdate.mode=stream', 'selfUpdate.installer=rauc'), []);
    const user = 'mqtt.embedded.users=[{name: u, password: p}]';
    assert.deepEqual(mistakes(user), ['/mqtt/username']);
    assert.deepEqual(mistakes(user, 'mqtt.username=u', 'mqtt.password=p'), []);
  });

  it('CFG-4 warns of an unknown key of the manager once', () => {
    const { warnings } = check('updateManager.domain=vehicle', 'selfUpdate.mode=dummy');
    assert.deepEqual(warnings, []);
    const folder = mkdtempSync(join(tmpdir(), 'fleetchart-'));
    const file = join(folder, 'vehicle.json');
    writeFileSync(file, JSON.stringify({ updateManager: { rebotEnabled: true, agents: { a: { red: 1 } } } }));
    const found = checkVehicleConfig({ file }).warnings.map(({ pointer }) => pointer);
    rmSync(folder, { recursive: true });
    assert.deepEqual(found, ['/updateManager/rebotEnabled', '/updateManager/agents/a/red']);
  });

  it('warns of a vehicle without any role', () => {
    assert.match(check().warnings[0]?.message ?? '', /none of updateManager, selfUpdate and containerManagement/);
    assert.deepEqual(check('selfUpdate.mode=dummy').warnings, []);
  });

  it('keeps what containers need below its own data, unless the section says where', () => {
    const own = configOf(check('dataDir=/v', 'containerManagement={}')).containerManagement;
    assert.equal(own?.hasOwnBroker, false);
    const { homeDir, things, deployment, registriesFile } = own.settings;
    assert.deepEqual([homeDir, things.homeDir, deployment.homeDir], Array(3).fill('/v/containers'));
    assert.equal(registriesFile, '/v/registries.json');
    const named = [
      'manager.home_dir=/m',
      'things.home_dir=/t',
      'deployment.home_dir=/d',
      'connection.broker_url=tcp://h:1',
    ];
    const other = configOf(check(...named.map((set) => `containerManagement.${set}`))).containerManagement;
    assert.deepEqual(
      [other?.settings.homeDir, other?.settings.things.homeDir, other?.settings.deployment.homeDir],
      ['/m', '/t', '/d'],
    );
    assert.equal(other?.hasOwnBroker, true);
  });

  it('takes the file of container management as it is, and its own keys over it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fleetchart-'));
    const file = join(folder, 'config.json');
    const registries = { 'ghcr.io': { credentials: { user_id: 'u', password: 'p' } } };
    const content = {
      update_agent: { enable: true, domain: 'apps' },
      containers: { registry_configurations: registries },
    };
    writeFileSync(file, JSON.stringify(content), { mode: 0o600 });
    const { config, warnings } = check(`containerManagement.file=${file}`, 'containerManagement.update_agent.domain=x');
    rmSync(folder, { recursive: true });
    assert.deepEqual(warnings, []);
    const { agent, registries: read } = config?.containerManagement?.settings ?? {};
    assert.deepEqual([agent?.isEnabled, agent?.domain], [true, 'x']);
    assert.deepEqual(read?.entries, { 'ghcr.io': { credentials: { user: 'u', password: 'p' } } });
  });

  it('CFG-4 warns of an unknown key of container management once, and refuses what cannot be', () => {
    const { warnings } = check('containerManagement={things: {enabled: true}, fleetchart: {}}');
    assert.deepEqual(
      warnings.map(({ pointer }) => pointer),
      ['/containerManagement/things/enabled'],
    );
    assert.deepEqual(mistakes('containerManagement.update_agent.domain=a/#'), [
      '/containerManagement/update_agent/domain',
    ]);
    assert.deepEqual(mistakes('containerManagement.fleetchart.engine=lxc'), ['/containerManagement/fleetchart/engine']);
  });

  it('the hub has another broker than the vehicle: between one and itself every message would go round', () => {
    const hub = (url: string) => `hub={deviceId: c, url: '${url}'}`;
    assert.deepEqual(mistakes(hub('mqtt://127.0.0.1')), ['/hub/url']);
    assert.deepEqual(mistakes(hub('localhost:1884'), 'mqtt.embedded.port=1884'), ['/hub/url']);
    assert.deepEqual(mistakes(hub('tcp://b:1883'), 'mqtt.broker=mqtt://b'), ['/hub/url']);
    assert.deepEqual(mistakes(hub('mqtts://b'), 'mqtt.broker=mqtt://b'), []);
    assert.deepEqual(mistakes(hub('localhost:1884')), []);
  });

  it('PRV-18 the hub needs the id of the vehicle alone; names hold nothing that a topic would take for more', () => {
    const { config } = check('hub.deviceId=hub:car-7');
    assert.deepEqual(config?.hub, {
      identity: { deviceId: 'hub:car-7', namespace: 'fleetchart', tenantId: 'defaultTenant' },
      outboxBytes: 16_777_216,
    });
    const whole = check(
      'hub={deviceId: c, url: mqtts://h, username: u, password: p, policyId: n:p, caFile: /ca}',
    ).config;
    assert.deepEqual(whole?.hub?.upstream, { url: 'mqtts://h', username: 'u', password: 'p', tls: { caFile: '/ca' } });
    assert.equal(whole?.hub?.identity.policyId, 'n:p');
    for (const [section, pointer] of [
      ['{url: h}', '/hub/deviceId'],
      ['{deviceId: a/b}', '/hub/deviceId'],
      ['{deviceId: "a b"}', '/hub/deviceId'],
      ['{deviceId: a, tenantId: "+"}', '/hub/tenantId'],
      ['{deviceId: a, namespace: "x:y"}', '/hub/namespace'],
      ['{deviceId: a, url: "http://h"}', '/hub/url'],
      ['{deviceId: a, certFile: /c}', '/hub'],
    ] as const) {
      assert.deepEqual(mistakes(`hub=${section}`), [pointer], section);
    }
  });
});

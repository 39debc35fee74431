import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CertificateFacts,
  connectionIdFrom,
  identify,
  TESLA_IDENTITY_TABLES,
  withIdentityAdditions,
} from '../../../src/protocols/fleet-telemetry/index.js';

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const OID = '1.3.6.1.4.1.49279.2';
const OID_ISSUER = 'Tesla Motors Product Issuing CA';

function certificate(issuerCommonName: string, oids: readonly string[], subject: string): CertificateFacts {
  const attributes = subject.split('/').map((pair) => pair.split('='));
  return {
    issuerCommonName,
    extendedKeyUsage: [CLIENT_AUTH, ...oids],
    subject: attributes.map(([type = '', value = '']) => ({ type, value })),
  };
}

/** The client type, or the reference's words for a refusal. */
function typeOf(issuer: string, oids: readonly string[] = [], subject = 'CN=VIN0001'): string {
  const identity = identify(certificate(issuer, oids, subject));
  return identity.ok ? identity.value.clientType : identity.error.detail;
}

test('FT-ID-1 the device id is the subject CN with dashes for dots', () => {
  const identity = identify(certificate('TeslaMotors', [], 'O=Tesla/CN=a.b.c'));
  assert.equal(identity.ok && identity.value.deviceId, 'a-b-c');
});

test('FT-ID-1 of several CNs the last one counts', () => {
  const identity = identify(certificate('TeslaMotors', [], 'CN=first/OU=unit/CN=last'));
  assert.equal(identity.ok && identity.value.deviceId, 'last');
});

test('FT-ID-1 a certificate that names nobody is refused', () => {
  for (const subject of ['O=Tesla', 'CN=VIN0001/CN=']) {
    const identity = identify(certificate('TeslaMotors', [], subject));
    assert.equal(identity.ok ? '' : identity.error.code, 'IDENTITY_UNAUTHORIZED');
    assert.match(identity.ok ? '' : identity.error.explanation, /no CN/);
  }
});

test('FT-ID-2 issuers of table A are vehicles', () => {
  for (const issuer of ['TeslaMotors', 'Tesla Issuing CA', 'Tesla Motors Products CA']) {
    assert.equal(typeOf(issuer), 'vehicle_device');
  }
});

test('FT-ID-2 any other issuer is refused, and matching is exact', () => {
  for (const issuer of ['', 'Acme CA', 'teslamotors', 'TeslaMotors ', 'Tesla Motors', 'constructor']) {
    assert.equal(typeOf(issuer, [`${OID}.5.1`]), 'unauthorized certificate');
  }
});

test('FT-ID-2 a refusal explains which check failed', () => {
  const refusal = identify(certificate('Acme CA', [], 'CN=VIN0001'));
  assert.ok(!refusal.ok);
  assert.equal(refusal.error.code, 'IDENTITY_UNAUTHORIZED');
  assert.match(refusal.error.explanation, /"Acme CA" is in no issuer table/);
});

test('FT-ID-3 a board of the products CA is told by its first OU', () => {
  const issuer = 'Tesla Motors Products CA';
  assert.equal(typeOf(issuer, [], 'OU=Tesla Motors SN/CN=board1'), 'vehicle_board_device');
  assert.equal(typeOf(issuer, [], 'OU=Tesla Motors SN/OU=other/CN=board1'), 'vehicle_board_device');
  assert.equal(typeOf(issuer, [], 'OU=other/OU=Tesla Motors SN/CN=board1'), 'vehicle_device');
  assert.equal(typeOf('TeslaMotors', [], 'OU=Tesla Motors SN/CN=board1'), 'vehicle_device');
});

test('FT-ID-4 the OID decides for every issuer of table B', () => {
  assert.equal(TESLA_IDENTITY_TABLES.oidIssuers.size, 15);
  for (const issuer of TESLA_IDENTITY_TABLES.oidIssuers) {
    assert.equal(typeOf(issuer, [`${OID}.5.1`]), 'vehicle_device', issuer);
    assert.equal(typeOf(issuer), 'unauthorized certificate', issuer);
  }
});

test('FT-ID-4 every OID of the table, engineering and production, has its type', () => {
  const types = {
    1: 'vehicle_device',
    11: 'vehicle_board_device',
    2: 'energy_device',
    12: 'das_device',
    14: 'vehicle_service',
    15: 'das_service',
    16: 'energy_service',
    28: 'robotics_device',
  };
  for (const [suffix, type] of Object.entries(types)) {
    assert.equal(typeOf(OID_ISSUER, [`${OID}.4.${suffix}`]), type);
    assert.equal(typeOf(OID_ISSUER, [`${OID}.5.${suffix}`]), type);
  }
  assert.equal(TESLA_IDENTITY_TABLES.oids.size, 16);
});

test('FT-ID-4 the first known OID counts, unknown ones are passed over', () => {
  assert.equal(typeOf(OID_ISSUER, ['1.2.3', `${OID}.5.12`, `${OID}.5.1`]), 'das_device');
  assert.equal(typeOf(OID_ISSUER, [`${OID}.6.1`, `${OID}.5.3`, '1.2.3']), 'unauthorized certificate');
});

test('FT-ID-4 the Wi-Fi OID refuses at once, unless the type was found before it', () => {
  const wifi = `${OID}.5.1.1`;
  assert.equal(typeOf(OID_ISSUER, [wifi]), 'excluded certificate');
  assert.equal(typeOf(OID_ISSUER, ['1.2.3', wifi, `${OID}.5.1`]), 'excluded certificate');
  assert.equal(typeOf(OID_ISSUER, [`${OID}.5.1`, wifi]), 'vehicle_device');
  assert.equal(typeOf('TeslaMotors', [wifi]), 'vehicle_device');
  const refusal = identify(certificate(OID_ISSUER, [wifi], 'CN=VIN0001'));
  assert.equal(refusal.ok ? '' : refusal.error.code, 'IDENTITY_EXCLUDED');
});

test('FT-ID-4 any OU of an inverter or a wall connector overrides the OID', () => {
  const oids = [`${OID}.5.2`];
  assert.equal(typeOf(OID_ISSUER, oids, 'OU=x/OU=Solar Inverter/CN=1'), 'solar_inverter_device');
  assert.equal(typeOf(OID_ISSUER, oids, 'OU=x/OU=Gen3 Wall Connector/CN=1'), 'wall_connector_device');
  assert.equal(typeOf(OID_ISSUER, ['1.2.3'], 'OU=Solar Inverter/CN=1'), 'unauthorized certificate');
  assert.equal(typeOf('TeslaMotors', oids, 'OU=Solar Inverter/CN=1'), 'vehicle_device');
});

test('FT-ID-5 the sender id is the client type and the device id', () => {
  assert.deepEqual(identify(certificate(OID_ISSUER, [`${OID}.5.28`], 'CN=unit.7')), {
    ok: true,
    value: { clientType: 'robotics_device', deviceId: 'unit-7', senderId: 'robotics_device.unit-7' },
  });
});

test('FT-ID-2 an operator may add issuers and OIDs of his own', () => {
  const tables = withIdentityAdditions(TESLA_IDENTITY_TABLES, {
    issuers: { 'Acme Truck CA': 'truck_device' },
    oidIssuers: ['Acme Device CA'],
    oids: { '1.2.3.1': 'trailer_device' },
    excludedOids: ['1.2.3.9'],
  });
  const type = (issuer: string, oids: readonly string[]) => {
    const identity = identify(certificate(issuer, oids, 'CN=VIN0001'), tables);
    return identity.ok ? identity.value.senderId : identity.error.detail;
  };
  assert.equal(type('Acme Truck CA', []), 'truck_device.VIN0001');
  assert.equal(type('Acme Device CA', ['1.2.3.1']), 'trailer_device.VIN0001');
  assert.equal(type('Acme Device CA', ['1.2.3.9', '1.2.3.1']), 'excluded certificate');
  assert.equal(type('Acme Device CA', []), 'unauthorized certificate');
  assert.equal(type('TeslaMotors', []), 'vehicle_device.VIN0001');
  assert.equal(typeOf('Acme Truck CA'), 'unauthorized certificate');
});

test('FT-WS-3 a UUID in any of its forms becomes the connection id, lower-case and dashed', () => {
  const id = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
  const forms = [
    id,
    id.toUpperCase(),
    '6BA7B8109DAD11D180B400C04FD430C8',
    `urn:uuid:${id}`,
    `URN:UUID:${id}`,
    `{${id}}`,
  ];
  for (const form of forms) assert.equal(connectionIdFrom(form), id, form);
});

test('FT-WS-3 anything else is no connection id', () => {
  const id = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
  const bare = id.replaceAll('-', '');
  const others = ['', 'car-1', ` ${id}`, `${id}\n`, `${id}, ${id}`, `{${id}`, `${id}}`, `[${id}]`, `{${bare}}`];
  const more = [
    `urn:uuid:${bare}`,
    `urn:uuid:{${id}}`,
    `${bare}0`,
    bare.slice(1),
    id.replace('6', 'g'),
    `-${bare.slice(1)}`,
  ];
  for (const header of [undefined, ...others, ...more]) assert.equal(connectionIdFrom(header), undefined, header);
});

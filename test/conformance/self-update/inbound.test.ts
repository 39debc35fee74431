import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { agentTopics, readCommand, readDesiredState, readGet } from '../../../src/protocols/self-update/index.js';

const bytes = (value: unknown): Uint8Array =>
  Buffer.from(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

const image = { key: 'image', value: 'https://bundles.example/os-1.1.raucb' };
const component = { id: 'os-image', version: '1.1', config: [image] };
const domain = { id: 'self-update', components: [component] };
const desired = (payload: unknown, activityId: unknown = 'a') => bytes({ activityId, timestamp: 1, payload });
const valid = { kind: 'desired state', activityId: 'a', version: '1.1', url: image.value };

function reasonOf(message: Uint8Array): string {
  const read = readDesiredState(message);
  assert.ok(read.ok && read.value.kind === 'faulty');
  assert.equal(read.value.activityId, 'a');
  return read.value.reason;
}

describe('topics', () => {
  it('SUA-2 the topics stand below a prefix that can be changed', () => {
    assert.deepEqual(agentTopics('x/y'), {
      desiredState: 'x/y/desiredstate',
      command: 'x/y/desiredstate/command',
      currentStateGet: 'x/y/currentstate/get',
      currentState: 'x/y/currentstate',
      feedback: 'x/y/desiredstatefeedback',
    });
  });
});

describe('desired state', () => {
  it('SUA-10 the first domain, component and config entry of the wanted ids count, all else is ignored', () => {
    const payload = {
      baselines: [{ title: 'b' }],
      domains: [
        { id: 'containers', components: 'not looked at' },
        'noise',
        {
          ...domain,
          components: [{ id: 'other' }, { ...component, config: [{ key: 'x' }, image, { ...image, value: 'second' }] }],
        },
        { id: 'self-update', components: [] },
      ],
    };
    assert.deepEqual(readDesiredState(desired(payload)), { ok: true, value: valid });
  });

  const pinned = (...config: readonly { key: string; value: string }[]) =>
    readDesiredState(desired({ domains: [{ ...domain, components: [{ ...component, config: [image, ...config] }] }] }));

  it('SUA-10 the configuration may pin the checksum and the size of the bundle', () => {
    const read = pinned({ key: 'sha256', value: 'AB'.repeat(32) }, { key: 'size', value: '4096' });
    assert.deepEqual(read, { ok: true, value: { ...valid, pins: { sha256: 'ab'.repeat(32), size: 4096 } } });
    for (const [key, value, reason] of [
      ['sha256', 'abc', "config entry 'sha256' is no SHA-256 in hex"],
      ['size', '-1', "config entry 'size' is no number of bytes"],
      ['size', '1e9', "config entry 'size' is no number of bytes"],
    ] as const) {
      const { activityId } = valid;
      assert.deepEqual(pinned({ key, value }), { ok: true, value: { kind: 'faulty', activityId, reason } });
    }
  });

  it('SUA-11 the version is an opaque text, and nothing in it is expanded', () => {
    const payload = { domains: [{ ...domain, components: [{ ...component, version: '$' + '{VERSION_ID} ü"' }] }] };
    const read = readDesiredState(desired(payload));
    assert.ok(read.ok && read.value.kind === 'desired state');
    assert.equal(read.value.version, '$' + '{VERSION_ID} ü"');
  });

  it('SUA-6 the timestamp of a message is ignored, whatever it is', () => {
    const message = bytes({ activityId: 'a', timestamp: 'yesterday', payload: { domains: [domain] } });
    assert.deepEqual(readDesiredState(message), { ok: true, value: valid });
  });

  const faults: readonly (readonly [what: string, payload: unknown, reason: string])[] = [
    ['no domain', { domains: [] }, "mandatory domain with 'id'='self-update' is missing"],
    [
      'no component',
      { domains: [{ ...domain, components: [] }] },
      "mandatory component with 'id'='os-image' is missing",
    ],
    [
      'no image',
      { domains: [{ ...domain, components: [{ ...component, config: [] }] }] },
      'mandatory config entry with bundle url is missing',
    ],
    [
      'an empty version',
      { domains: [{ ...domain, components: [{ ...component, version: '' }] }] },
      'mandatory bundle version is empty',
    ],
    [
      'an empty url',
      { domains: [{ ...domain, components: [{ ...component, config: [{ ...image, value: '' }] }] }] },
      'mandatory bundle download url is empty',
    ],
    ['no domains', {}, "key 'payload.domains' not found"],
    ['domains that are no list', { domains: {} }, "'payload.domains' is not a list"],
    ['no payload', undefined, "key 'payload' not found"],
    ['a payload that is none', [], "'payload' is not an object"],
    ['no components', { domains: [{ id: 'self-update' }] }, "key 'payload.domains[].components' not found"],
    [
      'a version that is a number',
      { domains: [{ ...domain, components: [{ ...component, version: 11 }] }] },
      "'payload.domains[].components[].version' is not a string",
    ],
    [
      'an image without a value',
      { domains: [{ ...domain, components: [{ ...component, config: [{ key: 'image' }] }] }] },
      "key 'payload.domains[].components[].config[].value' not found",
    ],
  ];
  for (const [what, payload, reason] of faults) {
    it(`SUA-15 ${what} is told to the sender`, () => assert.equal(reasonOf(desired(payload)), reason));
  }
});

describe('what is only logged', () => {
  const readers = { readDesiredState, readCommand };
  for (const [name, read] of Object.entries(readers)) {
    it(`spec 3.4 ${name}: not JSON, no id, an empty one`, () => {
      for (const noise of ['{', '', 'null', '[]', '"text"', Buffer.from([0xff, 0xfe])]) {
        const result = read(typeof noise === 'string' ? bytes(noise) : noise);
        assert.ok(!result.ok && result.error.code === 'SELF_UPDATE_NOT_JSON', String(noise));
      }
      for (const activityId of [undefined, '', 7, null, {}]) {
        const result = read(bytes({ activityId, payload: { command: 'UPDATE', domains: [domain] } }));
        assert.ok(!result.ok && result.error.code === 'SELF_UPDATE_NO_ACTIVITY', String(activityId));
      }
    });
  }
});

describe('commands', () => {
  const command = (payload: unknown) => readCommand(bytes({ activityId: 'a', timestamp: 1, payload }));

  it('SUA-12 the five commands, case-sensitive; the baseline is ignored', () => {
    for (const name of ['DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP', 'ROLLBACK']) {
      const value = { kind: 'command', activityId: 'a', command: name };
      assert.deepEqual(command({ command: name }), { ok: true, value });
      assert.deepEqual(command({ command: name, baseline: 7 }), { ok: true, value });
    }
  });

  it('SUA-12 anything else is an unknown command, quoted as it came', () => {
    const faults: readonly (readonly [payload: unknown, reason: string])[] = [
      [{ command: 'download' }, "unknown command 'download'"],
      [{ command: '' }, "unknown command ''"],
      [{}, "key 'payload.command' not found"],
      [{ command: 1 }, "'payload.command' is not a string"],
      [null, "'payload' is not an object"],
    ];
    for (const [payload, reason] of faults) {
      assert.deepEqual(command(payload), { ok: true, value: { kind: 'faulty', activityId: 'a', reason } });
    }
  });
});

describe('the request for the current state', () => {
  it('SUA-14 an id, with or without a payload', () => {
    for (const more of [{}, { payload: null }, { payload: {} }, { timestamp: 1687510087 }]) {
      assert.deepEqual(readGet(bytes({ activityId: 'g', ...more })), { ok: true, value: { activityId: 'g' } });
    }
  });

  it('SUA-14 no message, an empty object or an empty id asks without an id', () => {
    for (const empty of ['', {}, { activityId: '' }]) assert.deepEqual(readGet(bytes(empty)), { ok: true, value: {} });
  });

  it('SUA-14 what is no request is only logged', () => {
    for (const noise of ['x', [], { activityId: 5 }]) assert.equal(readGet(bytes(noise)).ok, false);
  });
});

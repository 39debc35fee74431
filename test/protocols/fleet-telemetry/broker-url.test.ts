import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brokerUrl, shownUrl } from '../../../src/protocols/fleet-telemetry/broker-url.js';

const href = (text: string): string => {
  const url = brokerUrl(text);
  return url.ok ? url.value.href : url.error.code;
};

describe('the address of a broker', () => {
  for (const [text, expected] of [
    ['broker.example:1883', 'mqtt://broker.example:1883'],
    ['localhost', 'mqtt://localhost'],
    [':1883', 'mqtt://127.0.0.1:1883'],
    ['tcp://:1883', 'mqtt://127.0.0.1:1883'],
    ['tcp://10.0.0.1:1884', 'mqtt://10.0.0.1:1884'],
    ['mqtt://10.0.0.1', 'mqtt://10.0.0.1'],
    ['ssl://h:8883', 'mqtts://h:8883'],
    ['tls://h:8883', 'mqtts://h:8883'],
    ['mqtts://h:8883', 'mqtts://h:8883'],
    ['MQTTS://h:8883', 'mqtts://h:8883'],
    ['tcps://h:8883', 'mqtts://h:8883'],
    ['mqtt+ssl://h:8883', 'mqtts://h:8883'],
    ['ws://h:8080/mqtt', 'ws://h:8080/mqtt'],
    ['wss://h/mqtt', 'wss://h/mqtt'],
    ['tcp://[::1]:1883', 'mqtt://[::1]:1883'],
    ['', 'BROKER_URL_INVALID'],
    ['tcp://', 'BROKER_URL_INVALID'],
    ['http://h:80', 'BROKER_URL_INVALID'],
    ['host:port', 'BROKER_URL_INVALID'],
    ['h:70000', 'BROKER_URL_INVALID'],
    ['two words:1883', 'BROKER_URL_INVALID'],
  ] as const) {
    it(`FT-MQ-1 ${text || '(empty)'} is ${expected}`, () => assert.equal(href(text), expected));
  }

  for (const text of [
    'foo://user:topsecret@h:1',
    'mqtt://user:topsecret@h:x',
    'topsecret://h',
    'user:topsecret@:port',
  ]) {
    it(`says what is wrong with ${text} without repeating it`, () => {
      const url = brokerUrl(text);
      assert.ok(!url.ok);
      assert.doesNotMatch(url.error.detail, /topsecret|user/);
    });
  }

  it('is shown without user and password', () => {
    const url = brokerUrl('tls://user:secret@h:8883');
    assert.equal(url.ok && shownUrl(url.value), 'mqtts://h:8883');
  });
});

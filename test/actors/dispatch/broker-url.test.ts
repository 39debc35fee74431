import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brokerUrl, shownUrl } from '../../../src/actors/dispatch/mqtt/broker-url.js';
import { topicFault } from '../../../src/actors/dispatch/mqtt/topic.js';

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
    ['ws://h:8080/mqtt', 'ws://h:8080/mqtt'],
    ['wss://h/mqtt', 'wss://h/mqtt'],
    ['tcp://[::1]:1883', 'mqtt://[::1]:1883'],
    ['', 'DISPATCH_BROKER_INVALID'],
    ['tcp://', 'DISPATCH_BROKER_INVALID'],
    ['http://h:80', 'DISPATCH_BROKER_INVALID'],
    ['host:port', 'DISPATCH_BROKER_INVALID'],
    ['h:70000', 'DISPATCH_BROKER_INVALID'],
    ['two words:1883', 'DISPATCH_BROKER_INVALID'],
  ] as const) {
    it(`FT-MQ-1 ${text || '(empty)'} is ${expected}`, () => assert.equal(href(text), expected));
  }

  it('is shown without user and password', () => {
    const url = brokerUrl('tls://user:secret@h:8883');
    assert.equal(url.ok && shownUrl(url.value), 'mqtts://h:8883');
  });
});

describe('a topic', () => {
  for (const topic of ['', 'a/+/b', 'a/#', 'a\0b', 'a\nb', 'a\u0085b', 'a\ufffe', '$SYS/x', 'x'.repeat(65_536)]) {
    it(`is refused: ${JSON.stringify(topic).slice(0, 20)}`, () => assert.ok(topicFault(topic)));
  }
  for (const topic of ['telemetry/VIN/v/Speed', '/VIN/v', 'größe/%2F', '$aws/rules/x', 'a b', 'x'.repeat(65_535)]) {
    it(`is allowed: ${JSON.stringify(topic).slice(0, 30)}`, () => assert.equal(topicFault(topic), undefined));
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback, parseMix, SimulationError } from '../../../src/actors/simulation/index.js';
import { resolveLoad } from '../../../src/actors/simulation/options.js';
import { topicDrawer } from '../../../src/actors/simulation/record-mix.js';
import { targetOf } from '../../../src/actors/simulation/target.js';

const refusal = (code: SimulationError['code'], words: RegExp) => (error: unknown) =>
  error instanceof SimulationError && error.code === code && words.test(`${error.message} ${error.hint}`);

test('a server on this machine may be loaded', () => {
  for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '[::1]']) {
    assert.equal(targetOf({ url: `wss://${host}:4443` }).port, 4443);
  }
  assert.deepEqual(targetOf({ url: 'wss://[::1]:4443/', insecure: true }), {
    host: '::1',
    port: 4443,
    path: '/',
    text: '[::1]:4443',
    ca: undefined,
    isInsecure: true,
  });
  assert.equal(targetOf({ url: 'wss://localhost' }).port, 443);
});

test('any other server must be named again, by the same name', () => {
  const url = 'wss://telemetry.example.com:443';
  const target = refusal('SIMULATION_TARGET', /--yes-load telemetry\.example\.com/);
  assert.throws(() => targetOf({ url }), target);
  assert.throws(() => targetOf({ url, loadHost: 'example.com' }), target);
  assert.equal(targetOf({ url, loadHost: 'telemetry.example.com' }).host, 'telemetry.example.com');
  for (const host of ['localhost.example.com', '10.0.0.1', '[2001:db8::1]', '0.0.0.0']) {
    assert.throws(() => targetOf({ url: `wss://${host}` }), refusal('SIMULATION_TARGET', /not this machine/));
  }
});

test('a certificate goes unverified on this machine alone', () => {
  const options = { url: 'wss://example.com', loadHost: 'example.com', insecure: true };
  assert.throws(() => targetOf(options), refusal('SIMULATION_TARGET', /--ca/));
});

test('an address that is none, or one without TLS, is refused with the right one', () => {
  assert.throws(() => targetOf({ url: 'ws://localhost:1' }), refusal('SIMULATION_TARGET', /wss:\/\/localhost:1/));
  for (const url of ['', 'localhost:4443', 'https://localhost', 'nonsense']) {
    assert.throws(() => targetOf({ url }), refusal('SIMULATION_TARGET', /wss:\/\/HOST:PORT/));
  }
});

test('loopback is told by the name alone', () => {
  assert.ok(isLoopback('LOCALHOST') && isLoopback('::1') && isLoopback('127.255.0.1'));
  assert.ok(!isLoopback('localhost.') && !isLoopback('128.0.0.1') && !isLoopback('::2'));
});

test('options have defaults, and what is undefined counts as not given', () => {
  const load = resolveLoad({ window: undefined, perSecond: 5 });
  assert.equal(load.window, 32);
  assert.equal(load.perSecond, 5);
  assert.equal(resolveLoad({ window: 0 }).window, 10_000);
});

test('options out of range are refused by name', () => {
  for (const options of [
    { fields: 0 },
    { fields: 1.5 },
    { window: -1 },
    { perSecond: Number.NaN },
    { rampPerSecond: 0 },
  ]) {
    const [name = ''] = Object.keys(options);
    assert.throws(() => resolveLoad(options), refusal('SIMULATION_OPTION', new RegExp(name)));
  }
  assert.throws(() => resolveLoad({ perSecond: 0, window: 0 }), refusal('SIMULATION_OPTION', /window/));
});

test('a mix is read and refused', () => {
  assert.deepEqual(parseMix('V=0.9, alerts=.05,errors=1'), { V: 0.9, alerts: 0.05, errors: 1 });
  for (const text of ['', 'V', 'V=', 'V=x', 'X=1', 'V=0', 'V=-1', 'connectivity=1']) {
    assert.throws(() => parseMix(text), refusal('SIMULATION_OPTION', /TOPIC=SHARE|share above 0/), text);
  }
});

test('topics are drawn in proportion', () => {
  const draw = topicDrawer({ V: 8, alerts: 1, errors: 1 });
  const drawn = Array.from({ length: 1_000 }, (_, index) => draw(() => index / 1_000));
  const count = (topic: string): number => drawn.filter((each) => each === topic).length;
  assert.deepEqual([count('V'), count('alerts'), count('errors')], [800, 100, 100]);
  assert.equal(
    topicDrawer({ errors: 0.1 })(() => 0.99),
    'errors',
  );
});

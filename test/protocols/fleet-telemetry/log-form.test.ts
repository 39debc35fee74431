import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LogRecord, logText } from '../../../src/protocols/fleet-telemetry/log-form.js';

const context = 'fleet-telemetry';
const at = (level: string, msg: string, fields: LogRecord = {}, time = '2023-11-14T22:13:20.120Z'): LogRecord => ({
  level,
  time,
  context,
  ...fields,
  msg,
});

/** What the library that the reference logs with makes of each: JSON, then text. */
const LINES: readonly (readonly [LogRecord, string, string])[] = [
  [
    at('info', 'starting_server'),
    '{"activity":true,"context":"fleet-telemetry","level":"info","msg":"starting_server","time":"2023-11-14T22:13:20.12Z"}',
    'time="2023-11-14T22:13:20Z" level=info msg=starting_server activity=true context=fleet-telemetry',
  ],
  [
    at('info', 'request_end', { remote_ip: '127.0.0.1:4321', duration_ms: 12, urlPath: '/' }),
    '{"activity":true,"context":"fleet-telemetry","duration_ms":12,"level":"info","msg":"request_end","remote_ip":"127.0.0.1:4321","time":"2023-11-14T22:13:20.12Z","urlPath":"/"}',
    'time="2023-11-14T22:13:20Z" level=info msg=request_end activity=true context=fleet-telemetry duration_ms=12 remote_ip="127.0.0.1:4321" urlPath=/',
  ],
  [
    at('info', 'socket_connected', { network_interface: '', user_agent: 'x y', 'X-Forwarded-For': '', path: '/a=b' }),
    '{"X-Forwarded-For":"","activity":true,"context":"fleet-telemetry","level":"info","msg":"socket_connected","network_interface":"","path":"/a=b","time":"2023-11-14T22:13:20.12Z","user_agent":"x y"}',
    'time="2023-11-14T22:13:20Z" level=info msg=socket_connected X-Forwarded-For= activity=true context=fleet-telemetry network_interface= path="/a=b" user_agent="x y"',
  ],
  [
    at('error', 'unexpected_record', { error: 'ID: a<b>&"c" no\n', txid: 't\u0001é\u200b😀\u00a0' }),
    '{"context":"fleet-telemetry","error":"ID: a\\u003cb\\u003e\\u0026\\"c\\" no\\n","level":"error","msg":"unexpected_record","time":"2023-11-14T22:13:20.12Z","txid":"t\\u0001é\u200b😀\u00a0"}',
    'time="2023-11-14T22:13:20Z" level=error msg=unexpected_record context=fleet-telemetry error="ID: a<b>&\\"c\\" no\\n" txid="t\\x01é\\u200b😀\\u00a0"',
  ],
  [
    at('error', 'rate_limit_exceeded', { a: null, b: true, c: 1.5, d: 1e-7, e: 1e21, f: 1234567.5, n: 123456789012 }),
    '{"a":null,"b":true,"c":1.5,"context":"fleet-telemetry","d":1e-7,"e":1e+21,"error":null,"f":1234567.5,"level":"error","msg":"rate_limit_exceeded","n":123456789012,"time":"2023-11-14T22:13:20.12Z"}',
    'time="2023-11-14T22:13:20Z" level=error msg=rate_limit_exceeded a="<nil>" b=true c=1.5 context=fleet-telemetry d=1e-07 e=1e+21 error="<nil>" f=1.2345675e+06 n=123456789012',
  ],
  [
    at('warn', 'some words', { list: ['a', 'b c', 1], map: { z: '1', a: { q: null } } }),
    '{"context":"fleet-telemetry","level":"warning","list":["a","b c",1],"map":{"a":{"q":null},"z":"1"},"msg":"some words","time":"2023-11-14T22:13:20.12Z"}',
    'time="2023-11-14T22:13:20Z" level=warning msg="some words" context=fleet-telemetry list="[a b c 1]" map="map[a:map[q:<nil>] z:1]"',
  ],
  [
    at('debug', 'message_respond', { 'fields.time': 'x', tab: 'a\tb\\c\u2028' }),
    '{"context":"fleet-telemetry","fields.time":"x","level":"debug","msg":"message_respond","tab":"a\\tb\\\\c\\u2028","time":"2023-11-14T22:13:20.12Z"}',
    'time="2023-11-14T22:13:20Z" level=debug msg=message_respond context=fleet-telemetry fields.time=x tab="a\\tb\\\\c\\u2028"',
  ],
];

test('8.3 lines as the reference writes them, as JSON and as text', () => {
  for (const [record, json, text] of LINES) {
    assert.equal(logText(record, 'json'), json);
    assert.equal(logText(record, 'text'), text);
  }
});

test('8.3 the zeros at the end of a time are cut, and text has whole seconds', () => {
  const times = ['2026-01-02T03:04:05.000Z', '2026-01-02T03:04:10.500Z', '2026-01-02T03:04:05.007Z'];
  const cut = times.map((time) => JSON.parse(logText(at('info', 'm', {}, time), 'json')).time);
  assert.deepEqual(cut, ['2026-01-02T03:04:05Z', '2026-01-02T03:04:10.5Z', '2026-01-02T03:04:05.007Z']);
  assert.match(logText(at('info', 'm', {}, times[1]), 'text'), /^time="2026-01-02T03:04:10Z" /);
});

test('8.3 an error of ours is the text of error, with its code beside it', () => {
  const err = { name: 'DispatchError', message: 'redis_err: gone', code: 'DISPATCH_REDIS' };
  const line = JSON.parse(logText(at('error', 'redis_err', { err }), 'json'));
  assert.deepEqual([line.error, line.code, 'err' in line], ['redis_err: gone', 'DISPATCH_REDIS', false]);
  const fatal = JSON.parse(logText(at('fatal', 'm', { error: { name: 'Error', message: 'x', stack: 's' } }), 'json'));
  assert.deepEqual([fatal.error, fatal.stack], ['x', 's']);
});

test('8.3 whatever a field or its name holds, text stays on its line', () => {
  const text = logText(at('info', 'a\nb', { 'x y\n=': 'c\rd\u0085e\ud800' }), 'text');
  assert.equal(text.split(/[\r\n\u0085\u2028\u2029]/).length, 1);
  assert.match(text, /msg="a\\nb" .*x_y__="c\\rd\\u0085e\\ufffd"/);
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { ManualClock } from '../../../src/runtime/clock.js';
import { createLogger, type LogOptions, silentLogger } from '../../../src/runtime/logging/log.js';

function capture(options: LogOptions = {}) {
  const lines: string[] = [];
  const logger = createLogger({
    clock: new ManualClock(0),
    destination: { write: (line) => lines.push(line) },
    ...options,
  });
  return { logger, lines, records: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

test('log writes one JSON object a line, stamped by the injected clock', () => {
  const { logger, lines, records } = capture({ base: { context: 'fleetchart' } });
  logger.info({ vin: '5YJ3', at: 'x\ny' }, 'record stored');
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.indexOf('\n'), (lines[0]?.length ?? 0) - 1);
  assert.deepEqual(records()[0], {
    level: 'info',
    time: '1970-01-01T00:00:00.000Z',
    context: 'fleetchart',
    vin: '5YJ3',
    at: 'x\ny',
    msg: 'record stored',
  });
});

test('log writes logfmt as well', () => {
  const { logger, lines } = capture({ format: 'logfmt', levelNames: { warn: 'warning' } });
  logger.child({ actor: 'dispatcher/mqtt' }).warn({ error: { code: 'X' } }, 'not connected');
  assert.deepEqual(lines, [
    'time=1970-01-01T00:00:00.000Z level=warning msg="not connected" actor=dispatcher/mqtt error.code=X\n',
  ]);
});

test('INS-5 secrets are redacted in fields, in those of a child and in the base', () => {
  const { logger, lines } = capture({ base: { apiKey: 'SECRET' } });
  logger
    .child({ actor: 'a/b', token: 'SECRET' })
    .child({ url: 'mqtt://u:SECRET@h' })
    .info({ deep: { headers: { authorization: 'SECRET' } }, error: new Error('Bearer SECRET0123') }, 'm');
  assert.equal(lines.length, 1);
  assert.doesNotMatch(lines.join(''), /SECRET/);
  assert.match(lines.join(''), /"actor":"a\/b"/);
});

test('log a level set on the root holds for children made before', () => {
  const { logger, records } = capture();
  const child = logger.child({ actor: 'a/b' });
  child.debug({}, 'one');
  logger.level = 'debug';
  assert.ok(child.isEnabled('debug'));
  child.debug({}, 'two');
  logger.level = 'error';
  child.warn({}, 'three');
  logger.level = 'silent';
  child.fatal({}, 'four');
  assert.deepEqual(
    records().map(({ msg }) => msg),
    ['two'],
  );
});

test('log fields cannot pass for the line’s own, and an error is told as one', () => {
  const { logger, records } = capture();
  logger.error({ level: 'info', msg: 'forged', time: 0 }, 'real');
  logger.error(new TypeError('broken') as never, 'failed');
  const [forged, failed] = records();
  assert.equal(forged?.['level'], 'error');
  assert.equal(forged?.['msg'], 'real');
  assert.equal(forged?.['fields.msg'], 'forged');
  assert.equal((failed?.['error'] as { name: string } | undefined)?.name, 'TypeError');
});

test('log a silent logger writes nothing, at any level', () => {
  const logger = silentLogger();
  logger.fatal({}, 'nothing');
  assert.ok(!logger.isEnabled('fatal'));
  assert.ok(!logger.child({ a: 1 }).isEnabled('silent'));
});

test('log everything is on standard error once flushed, and nothing on standard output', async () => {
  const module = new URL('../../../src/runtime/logging/log.js', import.meta.url);
  const script = `
    import { createLogger } from ${JSON.stringify(module.href)};
    const logger = createLogger();
    for (let n = 0; n < 2000; n++) logger.info({ n }, 'line');
    await logger.flush();
    process.exit(0);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  assert.equal(out, '');
  const numbers = err
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { n: number }).n);
  assert.deepEqual(
    numbers,
    Array.from({ length: 2_000 }, (_, n) => n),
  );
});

test('log what is written verbatim hides nothing and leaves nothing out, bigints and many members included', () => {
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`signal${n}`, n]));
  const fields = { data: { ...many, PhoneKey: 'KEY', large: 2n ** 60n, list: [2n ** 60n] }, top: 2n ** 60n };
  for (const format of ['json', 'logfmt'] as const) {
    const { logger, lines } = capture({ format });
    logger.verbatim('info', fields, 'record');
    const [line = ''] = lines;
    assert.match(line, /KEY/);
    assert.match(line, /signal299/);
    assert.equal(line.match(/1152921504606846976/g)?.length, 3, line);
  }
});

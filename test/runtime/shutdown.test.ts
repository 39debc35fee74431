import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { access } from 'node:fs/promises';
import { test } from 'node:test';
import { ManualClock } from '../../src/runtime/clock.js';
import { FleetchartError } from '../../src/runtime/errors.js';
import { createLogger } from '../../src/runtime/logging/log.js';
import { Metrics } from '../../src/runtime/metrics.js';
import { isStoreCommitError, type Lifecycle, type RunOptions, runUntilSignal } from '../../src/runtime/shutdown.js';

const settle = async (): Promise<void> => {
  for (let n = 0; n < 5; n++) await new Promise(setImmediate);
};

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];

  exit(code: number): void {
    this.exits.push(code);
  }
}

function run(options: Partial<RunOptions> = {}) {
  const lines: Array<Record<string, unknown>> = [];
  const process = new FakeProcess();
  const clock = new ManualClock(0, settle);
  const metrics = new Metrics();
  const calls: string[] = [];
  let lifecycle: Lifecycle | undefined;
  const ended = runUntilSignal({
    start: async (given) => {
      lifecycle = given;
      calls.push('start');
    },
    stop: async (deadlineMs) => {
      calls.push(`stop ${deadlineMs}`);
    },
    logger: createLogger({ level: 'debug', destination: { write: (line) => lines.push(JSON.parse(line)) } }),
    metrics,
    clock,
    deadlineMs: 10_000,
    process,
    ...options,
  });
  const messages = () => lines.map(({ msg }) => msg);
  return { process, clock, metrics, calls, ended, messages, life: () => lifecycle as Lifecycle };
}

test('END-1 SIGINT and SIGTERM stop orderly and end with 0', async () => {
  for (const signal of ['SIGINT', 'SIGTERM']) {
    const { process, calls, ended, life } = run();
    await settle();
    assert.deepEqual(calls, ['start']);
    process.emit(signal);
    assert.ok(life().signal.aborted);
    assert.equal(await ended, 0);
    assert.deepEqual(process.exits, [0]);
    assert.deepEqual(calls, ['start', 'stop 10000']);
    assert.equal(process.eventNames().length, 0);
  }
});

test('END-1 a second signal ends at once with 130 or 143', async () => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const { process, clock, ended } = run({ stop: () => new Promise(() => {}) });
    await settle();
    process.emit('SIGINT');
    await clock.advance(1_000);
    assert.deepEqual(process.exits, []);
    process.emit(signal);
    assert.equal(await ended, code);
    assert.deepEqual(process.exits, [code]);
  }
});

test('END-1 the echo of one key press is not a second signal', async () => {
  const { process, clock, ended } = run({ stop: () => new Promise(() => {}) });
  await settle();
  process.emit('SIGINT');
  await clock.advance(100);
  process.emit('SIGINT');
  assert.deepEqual(process.exits, []);
  await clock.advance(100);
  process.emit('SIGINT');
  assert.equal(await ended, 130);
});

test('END-1 a signal during the start waits for it and then stops', async () => {
  const order: string[] = [];
  const { process, ended } = run({
    start: ({ signal }) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          order.push('aborted');
          setImmediate(() => {
            order.push('started');
            resolve();
          });
        });
      }),
    stop: async () => {
      order.push('stopped');
    },
  });
  await settle();
  process.emit('SIGTERM');
  assert.equal(await ended, 0);
  assert.deepEqual(order, ['aborted', 'started', 'stopped']);
});

test('END-1 the last lines of the log are waited for, but not for ever', async () => {
  const logger = createLogger({ destination: { write: () => {} } });
  let written = (): void => {};
  const slow = run({
    logger: Object.assign(logger, { flush: () => new Promise<void>((resolve) => (written = resolve)) }),
  });
  await settle();
  slow.process.emit('SIGTERM');
  await settle();
  assert.deepEqual(slow.process.exits, []);
  written();
  assert.equal(await slow.ended, 0);
  const stuck = run({ logger: Object.assign(logger, { flush: () => new Promise<void>(() => {}) }) });
  await settle();
  stuck.process.emit('SIGTERM');
  await settle();
  await stuck.clock.advance(1_000);
  assert.equal(await stuck.ended, 0);
});

test('END-1 a start that fails for a reason of its own is logged without a stack, a defect with it', async () => {
  const logged = async (error: Error): Promise<Record<string, unknown>> => {
    const lines: Record<string, unknown>[] = [];
    const logger = createLogger({ destination: { write: (line) => lines.push(JSON.parse(line)) } });
    const start = async (): Promise<void> => {
      throw error;
    };
    await run({ logger, start }).ended;
    return lines.find(({ msg }) => msg === 'the process could not start')?.['error'] as Record<string, unknown>;
  };
  assert.deepEqual(await logged(new FleetchartError('STORAGE_IN_USE', 'stop it')), {
    name: 'FleetchartError',
    message: 'stop it',
    code: 'STORAGE_IN_USE',
  });
  const ofSystem = await access('/nowhere/at/all').catch((error: Error) => error);
  assert.ok(ofSystem instanceof Error);
  assert.equal((await logged(ofSystem))['stack'], undefined);
  assert.match(String((await logged(new TypeError('x is not a function')))['stack']), /TypeError/);
});

test('END-1 a start that fails is undone and ends with the code of its error', async () => {
  const start = async (): Promise<void> => {
    throw Object.assign(new Error('no such file'), { code: 'CONFIG_MISSING' });
  };
  const plain = run({ start });
  assert.equal(await plain.ended, 1);
  assert.deepEqual(plain.calls, ['stop 10000']);
  assert.ok(plain.messages().includes('the process could not start'));
  const mapped = run({
    start,
    exitCodeOf: (error) => ((error as { code: string }).code.startsWith('CONFIG_') ? 3 : 1),
  });
  assert.equal(await mapped.ended, 3);
});

test('END-1 a process may end itself', async () => {
  const { ended, life } = run();
  await settle();
  life().stop();
  assert.equal(await ended, 0);
});

test('END-4 a stop past its deadline is cut, one that fails is a failure', async () => {
  const hanging = run({ stop: () => new Promise(() => {}) });
  await settle();
  hanging.process.emit('SIGTERM');
  await hanging.clock.advance(10_999);
  assert.deepEqual(hanging.process.exits, []);
  await hanging.clock.advance(1);
  assert.equal(await hanging.ended, 1);
  const failing = run({
    stop: async () => {
      throw new Error('cannot');
    },
  });
  await settle();
  failing.process.emit('SIGTERM');
  assert.equal(await failing.ended, 1);
  assert.equal(failing.clock.pending, 0);
});

test('RT-8 END-2 what nobody caught is logged, counted and ends the process orderly with 1', async () => {
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    const { process, calls, ended, messages, metrics } = run();
    await settle();
    process.emit(event, new Error('bug'), 'origin');
    assert.equal(await ended, 1);
    assert.deepEqual(calls, ['start', 'stop 10000']);
    assert.ok(messages().includes('an error was not caught'));
    assert.match(await metrics.text(), /^process_uncaught_errors_total\{outcome="fatal"\} 1$/m);
  }
});

test('RT-8 DUR-9 a full disk as LMDB reports it is absorbed', async () => {
  const errors = [
    new Error('Commit failed (see commitError for details)'),
    Object.assign(new Error('Input/output error'), { code: 5 }),
    Object.assign(new Error('i/o error'), { code: 'EIO' }),
    Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }),
  ];
  const { process, metrics } = run();
  await settle();
  for (const error of errors) {
    assert.ok(isStoreCommitError(error));
    process.emit('unhandledRejection', error);
  }
  await settle();
  assert.deepEqual(process.exits, []);
  assert.match(await metrics.text(), /^process_uncaught_errors_total\{outcome="absorbed"\} 4$/m);
  for (const other of [undefined, null, 'Commit failed', new Error('x'), { code: 'EPIPE' }]) {
    assert.ok(!isStoreCommitError(other));
  }
});

test('RT-8 an error whose actor is known goes to its supervisor', async () => {
  const claimed: unknown[] = [];
  const { process, metrics, ended } = run({
    claim: (error) => {
      claimed.push(error);
      if (error === 'claim fails') throw new Error('claim');
      return error === 'mine' ? 'actor/k' : undefined;
    },
  });
  await settle();
  process.emit('unhandledRejection', 'mine');
  await settle();
  assert.deepEqual(process.exits, []);
  assert.match(await metrics.text(), /outcome="claimed"\} 1$/m);
  process.emit('unhandledRejection', 'claim fails');
  assert.equal(await ended, 1);
  assert.deepEqual(claimed, ['mine', 'claim fails']);
});

test('SUP-8 escalation ends the process orderly with 70, during a stop as well', async () => {
  const { calls, ended, life } = run();
  await settle();
  life().escalate(new Error('too many restarts'));
  assert.equal(await ended, 70);
  assert.deepEqual(calls, ['start', 'stop 10000']);
  const late = run({
    stop: async () => {
      late.life().escalate(new Error('again'));
    },
  });
  await settle();
  late.process.emit('SIGTERM');
  assert.equal(await late.ended, 70);
});

test('END-1 SIGHUP reloads, one at a time, and a reload that fails changes nothing', async () => {
  let reloads = 0;
  let finish = (): void => {};
  const { process, messages, ended } = run({
    reload: () => {
      reloads++;
      if (reloads === 2) return Promise.reject(new Error('mistake in the file'));
      return new Promise((resolve) => {
        finish = () => resolve(false);
      });
    },
  });
  await settle();
  process.emit('SIGHUP');
  await settle();
  process.emit('SIGHUP');
  process.emit('SIGHUP');
  await settle();
  assert.equal(reloads, 1);
  finish();
  await settle();
  assert.equal(reloads, 2);
  assert.ok(!messages().includes('reloaded'), 'something was refused');
  assert.ok(messages().some((message) => String(message).startsWith('not all was reloaded')));
  assert.ok(messages().includes('reload failed, going on as before'));
  process.emit('SIGTERM');
  assert.equal(await ended, 0);
  const without = run();
  await settle();
  without.process.emit('SIGHUP');
  assert.equal(await without.ended, 0);
});

test('END-1 END-2 a real process obeys signals and survives the store’s errors', async () => {
  const url = (name: string) => JSON.stringify(new URL(`../../src/runtime/${name}.js`, import.meta.url).href);
  const script = `
    import { runUntilSignal } from ${url('shutdown')};
    import { createLogger } from ${url('logging/log')};
    import { Metrics } from ${url('metrics')};
    import { systemClock } from ${url('clock')};
    runUntilSignal({
      start: async () => {
        setInterval(() => {}, 1000);
        Promise.reject(new Error('Commit failed (see commitError for details)'));
        setImmediate(() => console.log('up'));
        process.on('SIGUSR2', () => { throw new Error('bug'); });
      },
      stop: async () => console.log('stopped'),
      logger: createLogger(), metrics: new Metrics(), clock: systemClock, deadlineMs: 5000,
    });`;
  for (const [signal, expected] of [
    ['SIGTERM', 0],
    ['SIGUSR2', 1],
  ] as const) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
    let err = '';
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    await once(child.stdout, 'data');
    const stopped = once(child.stdout, 'data');
    const exited = once(child, 'close');
    child.kill(signal);
    assert.equal(String((await stopped)[0]), 'stopped\n');
    assert.equal((await exited)[0], expected, err);
    assert.match(err, new RegExp(`"exitCode":${expected}`));
  }
});

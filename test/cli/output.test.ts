import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { leafCommand } from '../../src/cli/command.js';
import { CliError, exitCodes, QuietExit } from '../../src/cli/exit-code.js';
import { attachTerminal, outputOf, renderError } from '../../src/cli/output.js';
import { ConfigError } from '../../src/config/mistake.js';
import { FleetchartError } from '../../src/runtime/errors.js';
import { FakeTerminal } from './fake-terminal.js';

function outputFor(args: string[], isInteractive = false) {
  const terminal = new FakeTerminal();
  terminal.isInteractive = isInteractive;
  terminal.columns = 20;
  const command = leafCommand('x', { summary: 's', example: 'fleetchart x' }).action(() => {});
  attachTerminal(command, terminal);
  command.parse(args, { from: 'user' });
  return { output: outputOf(command), terminal };
}

describe('output', () => {
  it('CLI-4 results to standard output, notes to standard error', () => {
    const { output, terminal } = outputFor([]);
    output.result('done', { done: true });
    output.note('by the way');
    assert.deepEqual([terminal.stdout, terminal.stderr], ['done\n', 'by the way\n']);
  });

  it('CLI-1 --json prints the data and nothing else', () => {
    const { output, terminal } = outputFor(['--json'], true);
    output.result('done', { done: true });
    output.note('by the way');
    output.progress().update('10 %');
    assert.deepEqual([terminal.stdout, terminal.stderr], ['{\n  "done": true\n}\n', '']);
  });

  it('CLI-4 progress rewrites one line for a person who watches, cut to the width', () => {
    const { output, terminal } = outputFor([], true);
    const progress = output.progress();
    progress.update('a'.repeat(50));
    progress.update('b');
    progress.done();
    progress.done();
    assert.equal(terminal.stderr, `\r\u001b[2K${'a'.repeat(19)}\r\u001b[2Kb\n`);
    const unwatched = outputFor([]);
    unwatched.output.progress().update('x');
    assert.equal(unwatched.terminal.stderr, '');
  });
});

describe('errors', () => {
  it('CLI-2 each kind of error has its exit code and says what to do', () => {
    const mistake = { code: 'CONFIG_TYPE', pointer: '/a', message: 'wrong', hint: 'do b' } as const;
    assert.deepEqual(renderError(new ConfigError([mistake]), false), {
      text: '1 mistake in the configuration:\n/a: wrong\n    do b\n',
      exitCode: exitCodes.wrongConfiguration,
    });
    assert.deepEqual(renderError(new CliError('no', { hint: 'try yes', exitCode: 2 }), false), {
      text: 'error: no\n    try yes\n',
      exitCode: 2,
    });
    assert.deepEqual(renderError(new FleetchartError('STORAGE_FULL', 'the disk is full'), false), {
      text: 'error: STORAGE_FULL: the disk is full\n',
      exitCode: 1,
    });
    assert.deepEqual(renderError(new QuietExit(3), false), { text: '', exitCode: 3 });
    const defect = renderError(new TypeError('x is undefined'), false);
    assert.equal(defect.exitCode, 1);
    assert.match(defect.text, /^internal error: TypeError: x is undefined\n[\s\S]*please report/);
  });

  it('CLI-1 --json renders errors as JSON', () => {
    const { text } = renderError(new CliError('no', { code: 'CLI_X', hint: 'try yes' }), true);
    assert.deepEqual(JSON.parse(text), { error: { code: 'CLI_X', message: 'no', hint: 'try yes' } });
    const config = JSON.parse(renderError(new ConfigError([]), true).text);
    assert.deepEqual(config.error.mistakes, []);
  });
});

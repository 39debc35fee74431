import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { buildProgram } from '../../src/cli/program.js';
import { FakeTerminal } from './fake-terminal.js';
import { runCommand } from './run-command.js';

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

function pathOf(command: Command): string[] {
  return command.parent ? [...pathOf(command.parent), command.name()] : [];
}

describe('the command line', () => {
  for (const command of allCommands(buildProgram(new FakeTerminal()))) {
    const path = pathOf(command);
    it(`CLI-1 ${['fleetchart', ...path].join(' ')} --help says what it does, with an example`, async () => {
      // `--help` of a peer's command is the peer's own.
      const isPeer = command.createHelp().visibleOptions(command).length === 0;
      const args = isPeer ? [...path.slice(0, -1), 'help', command.name()] : [...path, '--help'];
      const { exitCode, stdout, stderr } = await runCommand(args);
      assert.equal(exitCode, 0);
      assert.match(stdout, /\nExamples?:.*\n {2}(\$ )?fleetchart /);
      assert.notEqual(command.description(), '');
      assert.equal(stderr, '');
    });
  }

  it('CLI-5 what a command does is loaded when it is chosen, not to print its help', () => {
    const packages = new Set<string>();
    const files = new Set<string>();
    const visit = (file: URL): void => {
      if (files.has(file.href)) return;
      files.add(file.href);
      for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(/^(?:import|export) .*?from '(.+)';$/gm)) {
        if (name.startsWith('.')) visit(new URL(name, file));
        else if (!name.startsWith('node:')) packages.add(name);
      }
    };
    visit(new URL('../../src/cli/program.js', import.meta.url));
    assert.deepEqual([...packages], ['commander']);
    assert.ok(files.size > 10);
    assert.deepEqual(
      [...files].filter((file) => !/\/src\/(cli\/|config\/mistake\.js)/.test(file)),
      [],
    );
  });

  it('CLI-2 --version prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
    assert.deepEqual(await runCommand(['--version']), { exitCode: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('CLI-2 wrong usage ends with 2 and says what was meant', async () => {
    const cases: [string[], RegExp][] = [
      [['confg'], /unknown command 'confg'\n\(Did you mean config\?\)/],
      [['config', 'chek', 'x'], /Did you mean check\?/],
      [['config', 'check'], /missing required argument 'file'\n\(fleetchart config check --help says more\)/],
      [['config', 'print', '--conifg', 'x'], /Did you mean --config\?/],
      [['config', 'check', 'x', 'y'], /too many arguments/],
      [['config', 'check', 'x', '--peer', 'nobody'], /Allowed choices are fleet-telemetry/],
      [['config', 'schema', 'moon'], /no configuration is known for moon\n {4}known: hub/],
      [[], /Usage: fleetchart/],
      [['config'], /Usage: fleetchart config/],
    ];
    for (const [args, expected] of cases) {
      const { exitCode, stdout, stderr } = await runCommand(args);
      assert.equal(exitCode, 2, args.join(' '));
      assert.match(stderr, expected);
      assert.equal(stdout, '');
    }
  });

  it('CLI-2 the executable passes the exit code on', async () => {
    const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));
    const run = promisify(execFile);
    const failure = await run(process.execPath, [main, 'config', 'check', '/nowhere.yaml']).catch((error) => error);
    assert.equal(failure.code, 3);
    assert.match(failure.stdout, /\/nowhere.yaml: cannot be read/);
  });
});

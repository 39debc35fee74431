import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { groupCommand, peerCommand } from '../../src/cli/command.js';
import { CliError } from '../../src/cli/exit-code.js';
import { fleetTelemetryFlags, goFlagsUsage, parseGoFlags } from '../../src/cli/go-flags.js';

const config = (...args: string[]) => parseGoFlags(args, fleetTelemetryFlags).values.get('config');

describe("flags in Go's style", () => {
  it('spec 7.1 one dash or two, = or the next argument, the last counts', () => {
    for (const args of [
      ['-config=F'],
      ['--config=F'],
      ['-config', 'F'],
      ['--config', 'F'],
      ['-config', 'G', '-config=F'],
    ]) {
      assert.equal(config(...args), 'F', args.join(' '));
    }
    assert.equal(config('-config=a=b'), 'a=b');
    assert.equal(config('-config='), '');
    assert.equal(config('-config', '-h'), '-h');
  });

  it('spec 7.1 the default is config.json', () => {
    assert.equal(config(), 'config.json');
    assert.match(goFlagsUsage(fleetTelemetryFlags), /-config\t.*"config.json"/);
  });

  it('spec 7.1 help is asked for in three ways', () => {
    for (const flag of ['-h', '-help', '--help']) assert.equal(parseGoFlags([flag], fleetTelemetryFlags).help, true);
  });

  it('spec 7.1 flags end at the first argument that is none, and at --', () => {
    assert.deepEqual(parseGoFlags(['-config=F', 'x', '-h'], fleetTelemetryFlags).rest, ['x', '-h']);
    assert.deepEqual(parseGoFlags(['--', '-config=F'], fleetTelemetryFlags).rest, ['-config=F']);
    assert.deepEqual(parseGoFlags(['-'], fleetTelemetryFlags).rest, ['-']);
  });

  it('spec 7.1 boolean flags need no value', () => {
    const flags = [
      { name: 'config', default: '', usage: 'file' },
      { name: 'v', default: 'false', usage: 'verbose', isBoolean: true },
    ];
    const { values, rest } = parseGoFlags(['-v', '-config', 'F', 'x'], flags);
    assert.deepEqual([...values, rest], [['config', 'F'], ['v', 'true'], ['x']]);
    assert.equal(parseGoFlags(['-v=false'], flags).values.get('v'), 'false');
  });

  it('CLI-2 anything else is wrong usage', () => {
    for (const args of [['-confg=F'], ['-config'], ['---config=F'], ['-=F']]) {
      assert.throws(
        () => parseGoFlags(args, fleetTelemetryFlags),
        (error) => error instanceof CliError && error.exitCode === 2 && /-config/.test(error.hint ?? ''),
        args.join(' '),
      );
    }
  });

  it('spec 7.1 a peer’s flags reach its command as they are', () => {
    const words = { summary: 's', example: 'fleetchart run peer -config=F' };
    for (const args of [['-config=F'], ['--config', 'F'], ['-h'], ['--help', 'x'], ['--json', '--', 'y']]) {
      let received: unknown;
      const run = groupCommand('run', words).addCommand(
        peerCommand('peer', words).action((given: string[]) => {
          received = given;
        }),
      );
      run.exitOverride().parse(['peer', ...args], { from: 'user' });
      assert.deepEqual(received, args);
    }
  });
});

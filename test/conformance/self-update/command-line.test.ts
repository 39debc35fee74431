import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { agentUsage, DEFAULT_SETTINGS, readAgentSettings } from '../../../src/actors/self-update/index.js';

const read = (argv: readonly string[], env: Record<string, string> = {}) => readAgentSettings({ argv, env });

function settingsOf(argv: readonly string[], env: Record<string, string> = {}) {
  const result = read(argv, env);
  assert.ok(result.ok && result.value.kind === 'run', JSON.stringify(result));
  return result.value.settings;
}

function mistakeOf(argv: readonly string[], env: Record<string, string> = {}): string {
  const result = read(argv, env);
  assert.ok(!result.ok);
  return result.error.detail;
}

describe("the reference's command line", () => {
  it('SUA-47 SUA-1 without arguments everything is as in the reference', () => {
    assert.deepEqual(settingsOf([]), DEFAULT_SETTINGS);
    assert.equal(DEFAULT_SETTINGS.server, 'tcp://mosquitto:1883');
  });

  it('SUA-47 short and long names, values beside and behind them', () => {
    const long = ['--server=TCP://10.0.0.1:1884', '--installer', 'stream', '--path=/x', '--ca-file', '/f'];
    const short = ['-sTCP://10.0.0.1:1884', '-i', 'stream', '-p', '/x', '-f', '/f'];
    for (const argv of [long, short]) {
      const expected = { ...DEFAULT_SETTINGS, server: 'tcp://10.0.0.1:1884', mode: 'stream', path: '/x', caFile: '/f' };
      assert.deepEqual(settingsOf(argv), expected);
    }
  });

  it('SUA-47 all four spellings of the options for authorities', () => {
    for (const name of ['-c', '--ca-directory', '--ca-path']) assert.equal(settingsOf([name, '/d']).caDirectory, '/d');
    for (const name of ['-f', '--ca-filepath', '--ca-file']) assert.equal(settingsOf([name, '/f']).caFile, '/f');
  });

  it('SUA-47 what ends with 1: an unknown option, a missing value, a bad address, an unknown installer', () => {
    assert.equal(mistakeOf(['--fast']), "Invalid argument '--fast'");
    assert.equal(mistakeOf(['image']), "Invalid argument 'image'");
    assert.match(mistakeOf(['-s']), /Missing value of '-s'/);
    for (const server of [
      'mosquitto:1883',
      'tcp://mosquitto',
      'ssl://mosquitto:1',
      'tcp://m:1/x',
      'tcp://m:0',
      'tcp://:1',
    ]) {
      assert.match(mistakeOf(['-s', server]), /Invalid value/, server);
    }
    assert.match(mistakeOf(['-i', 'rauc']), /Invalid value 'rauc' of '-i', expected download\|stream\|dummy/);
  });

  it('SUA-47 the environment counts where the command line says nothing', () => {
    const env = { SUA_SERVER: 'tcp://env:1', SUA_MESSAGE_DELAY: '0' };
    assert.deepEqual([settingsOf([], env).server, settingsOf([], env).feedbackIntervalS], ['tcp://env:1', 0]);
    assert.equal(settingsOf(['-s', 'tcp://arg:1'], env).server, 'tcp://arg:1');
    assert.match(mistakeOf([], { SUA_SERVER: 'env' }), /SUA_SERVER/);
    assert.match(mistakeOf([], { SUA_MESSAGE_DELAY: '-1' }), /SUA_MESSAGE_DELAY/);
  });

  it('spec 9 help and version end it', () => {
    for (const [name, kind] of [
      ['-h', 'help'],
      ['--help', 'help'],
      ['-v', 'version'],
      ['--version', 'version'],
    ] as const) {
      assert.deepEqual(read([name, '--nonsense']), { ok: true, value: { kind } });
    }
    const usage = agentUsage([{ names: ['OURS'], meaning: 'ours' }]);
    assert.match(
      usage,
      /^Usage: .*\n\nOptions:\n[\s\S]*--ca-filepath[\s\S]*\n\nEnvironment:\n[\s\S]*SUA_MESSAGE_DELAY[\s\S]*OURS[\s\S]*\n\nExample:/,
    );
  });
});

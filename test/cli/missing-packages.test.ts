import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isInstalled } from '../../src/actors/dispatch/client-package.js';
import { missingPackages } from '../../src/cli/missing-packages.js';
import { checkServerConfig } from '../../src/hub-config.js';
import { temporaryFolder } from '../config/files.js';

const write = temporaryFolder();

describe('packages that dispatchers need', () => {
  const missing = (config: object, isThere?: () => boolean) => {
    const file = write('server_config.json', JSON.stringify(config));
    return missingPackages(checkServerConfig({ file }), [], isThere).map(({ where, ...rest }) => {
      assert.match(where ?? '', /server_config\.json:1:\d+$/);
      return rest;
    });
  };
  const warning = (pointer: string, dispatcher: string, name: string, major: number) => ({
    code: 'CONFIG_MISSING',
    pointer,
    message: `the dispatcher ${dispatcher} needs the package ${name}, which is not installed`,
    hint: `npm install ${name}@${major}, then restart`,
  });
  const records = { V: ['logger', 'redis', 'file'], alerts: ['redis', 'kafka'] };
  const kafka = { 'compression.codec': 'LZ4' };

  it('CLI-2 each one that is not installed is a warning, once, at what needs it', () => {
    assert.deepEqual(
      missing({ records, kafka }, () => false),
      [
        warning('/records/V/1', 'redis', 'ioredis', 6),
        warning('/records/alerts/1', 'kafka', 'kafkajs', 2),
        warning('/kafka/compression.codec', 'kafka', 'lz4-napi', 2),
      ],
    );
    assert.deepEqual(
      missing({ records: { V: ['logger'] }, kafka }, () => false),
      [],
    );
  });

  it('CLI-2 those that are installed are found without being loaded', () => {
    assert.deepEqual(missing({ records: { V: ['kafka', 'redis', 'kinesis', 'pubsub', 'zmq'] }, kafka }), []);
    assert.equal(isInstalled({ dispatcher: 'x', name: '@fleetchart/nowhere', major: 1 }), false);
  });
});

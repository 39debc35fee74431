import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRedisDispatcher } from '../../../src/actors/dispatch/redis/redis-dispatcher.js';
import { systemClock } from '../../../src/runtime/clock.js';
import { sampleFormats } from './sample-records.js';

describe('the redis dispatcher without its package', () => {
  it('DISPATCH_PACKAGE_MISSING names it, and nothing is loaded before', async () => {
    const loads: string[] = [];
    const dispatcher = createRedisDispatcher({
      addresses: [{ host: '127.0.0.1', port: 1 }],
      isCluster: false,
      username: '',
      password: '',
      db: 0,
      tls: undefined,
      publishVinTopics: true,
      subscriberSetPrefix: '',
      publishTimeoutMs: 1_000,
      formats: sampleFormats,
      clock: systemClock,
      load: async () => {
        loads.push('ioredis');
        throw new Error("Cannot find package 'ioredis'");
      },
    });
    assert.deepEqual(loads, []);
    await assert.rejects(dispatcher.connect(new AbortController().signal), {
      code: 'DISPATCH_PACKAGE_MISSING',
      message: /needs the package ioredis, which is not installed: npm install ioredis/,
    });
  });
});

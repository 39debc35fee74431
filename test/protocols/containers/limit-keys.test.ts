import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ContainerConfig } from '../../../src/protocols/containers/index.js';
import { ignores, type Pairs, refuses, takes, takesAll } from './key-checks.js';
import { read } from './samples.js';

describe('CUA-11 the keys of a component for restarts, logs and memory (§A.3)', () => {
  it('restartPolicy', () => {
    takesAll('restartPolicy', ({ restartPolicy }) => restartPolicy.type, [
      ['no', 'no'],
      ['always', 'always'],
      ['on-failure', 'on-failure'],
      ['unless-stopped', 'unless-stopped'],
    ]);
    refuses([
      [[['restartPolicy', '']], 'unsupported restart policy type '],
      [[['restartPolicy', 'never']], 'unsupported restart policy type never'],
    ]);
  });

  it('restartMaxRetries and restartTimeout are of on-failure only', () => {
    const onFailure = ['restartPolicy', 'on-failure'] as const;
    takes([
      [
        [onFailure, ['restartMaxRetries', '+3'], ['restartTimeout', '10']],
        ({ restartPolicy }) => restartPolicy,
        { type: 'on-failure', maxRetries: 3, retryTimeoutS: 10 },
      ],
      [
        [
          ['restartPolicy', 'always'],
          ['restartMaxRetries', '-3'],
          ['restartTimeout', 'x'],
        ],
        ({ restartPolicy }) => restartPolicy,
        { type: 'always', maxRetries: 0, retryTimeoutS: 0 },
      ],
    ]);
    refuses([
      [[onFailure, ['restartMaxRetries', '-1']], 'restart policy max retry count cannot be negative'],
      [[onFailure, ['restartTimeout', '-1']], 'restart policy retry timeout cannot be negative'],
    ]);
    for (const value of ['', '1.5', '10s', ' 1', '0x1', '9'.repeat(30)]) {
      const { config, warnings } = read([...onFailure], ['restartTimeout', value]);
      assert.equal(config?.restartPolicy.retryTimeoutS, 0);
      assert.equal(warnings.length, 1, value);
    }
  });

  it('logDriver, and its files', () => {
    const log = ({ log: { driver, maxFiles, maxSize, rootDir } }: ContainerConfig) => [
      driver,
      maxFiles,
      maxSize,
      rootDir,
    ];
    takes([
      [[['logDriver', 'json-file']], log, ['json-file', 2, '100M', '']],
      [[['logDriver', '']], log, ['json-file', 2, '100M', '']],
      [
        [
          ['logMaxFiles', '5'],
          ['logMaxSize', '1.5 g'],
          ['logPath', '/l'],
        ],
        log,
        ['json-file', 5, '1.5 g', '/l'],
      ],
      [
        [
          ['logMaxFiles', '0'],
          ['logMaxSize', ''],
        ],
        log,
        ['json-file', 2, '100M', ''],
      ],
      [
        [
          ['logDriver', 'none'],
          ['logMaxFiles', '-5'],
          ['logMaxSize', 'bad'],
          ['logPath', '/l'],
        ],
        log,
        ['none', 0, '', ''],
      ],
    ]);
    ignores('logMaxFiles', ['', 'two', '1.0']);
    refuses([
      [[['logDriver', 'syslog']], 'unsupported log driver configuration'],
      [[['logMaxFiles', '-1']], 'max log files cannot be < 1'],
      ...['100', '100MB', '200B', 'M', '-1M', '1  M', '1.M', '1.2.3M', '1T', ' 1M'].map((size): [Pairs, string] => [
        [['logMaxSize', size]],
        `invalid format of max logs size - ${size}`,
      ]),
    ]);
  });

  it('logMode, and its buffer', () => {
    const log = ({ log: { mode, maxBufferSize } }: ContainerConfig) => [mode, maxBufferSize];
    takes([
      [
        [
          ['logMode', 'blocking'],
          ['logMaxBufferSize', 'bad'],
        ],
        log,
        ['blocking', ''],
      ],
      [[['logMode', '']], log, ['blocking', '']],
      [[['logMode', 'non-blocking']], log, ['non-blocking', '1M']],
      [
        [
          ['logMode', 'non-blocking'],
          ['logMaxBufferSize', '64k'],
        ],
        log,
        ['non-blocking', '64k'],
      ],
    ]);
    refuses([
      [[['logMode', 'fast']], 'unsupported log mode configuration'],
      [
        [
          ['logMode', 'non-blocking'],
          ['logMaxBufferSize', '64'],
        ],
        'invalid format of max buffer size - 64',
      ],
    ]);
  });

  it('memory', () => {
    takesAll('memory', ({ resources }) => resources.memory, [
      ['3M', '3M'],
      ['0.5G', '0.5G'],
      ['4096 k', '4096 k'],
      ['', ''],
      ['0M', '0M'],
    ]);
    refuses([
      [[['memory', '200']], 'invalid format of memory - 200'],
      [[['memory', '2.9M']], 'minimum memory allowed is 3M'],
      [[['memory', '3071K']], 'minimum memory allowed is 3M'],
      [[['memory', `${'9'.repeat(150)}G`]], `invalid format of memory - ${'9'.repeat(150)}G`],
    ]);
  });

  it('memorySwap', () => {
    const swap = ({ resources }: ContainerConfig) => resources.memorySwap;
    const memory = ['memory', '200M'] as const;
    takes([
      [[memory, ['memorySwap', '200m']], swap, '200m'],
      [[memory, ['memorySwap', '1G']], swap, '1G'],
      [[memory, ['memorySwap', '-1']], swap, ''],
      [[['memorySwap', '-1']], swap, ''],
      [[['memorySwap', '']], swap, ''],
    ]);
    refuses([
      [[memory, ['memorySwap', '-2']], 'invalid format of swap memory - -2'],
      [[['memorySwap', '1G']], 'swap memory - 1G, memory must be set as well'],
      [[memory, ['memorySwap', '100M']], 'swap memory - 100M is less than memory - 200M'],
    ]);
  });

  it('memoryReservation', () => {
    const reservation = ({ resources }: ContainerConfig) => resources.memoryReservation;
    takes([
      [
        [
          ['memory', '200M'],
          ['memoryReservation', '200M'],
        ],
        reservation,
        '200M',
      ],
      [[['memoryReservation', '1k']], reservation, '1k'],
    ]);
    refuses([
      [[['memoryReservation', 'x']], 'invalid format of memory reservation - x'],
      [
        [
          ['memory', '200M'],
          ['memoryReservation', '1G'],
        ],
        'reservation memory - 1G must be lower than memory - 200M',
      ],
    ]);
  });
});

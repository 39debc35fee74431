import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LogLine } from '../../../src/actors/dispatch/dispatcher.js';
import { createLoggerDispatcher } from '../../../src/actors/dispatch/logger/logger-dispatcher.js';
import { dispatcherSuite } from './abstract-suite.js';
import { numberOf, sampleFormats, sampleRecord, UNPRINTABLE } from './sample-records.js';

function setUp() {
  const lines: LogLine[] = [];
  let isAway = false;
  const dispatcher = createLoggerDispatcher({
    formats: sampleFormats,
    write: (line) => {
      if (isAway) throw new Error('EPIPE');
      lines.push(line);
    },
  });
  return {
    dispatcher,
    lines,
    received: async () =>
      lines
        .filter(({ message }) => message === 'record_payload')
        .map(({ fields }) => numberOf((fields['metadata'] as { txid: string }).txid)),
    vanish: async () => {
      isAway = true;
    },
    comeBack: async () => {
      isAway = false;
    },
  };
}

dispatcherSuite('logger', async () => setUp());

describe('the logger dispatcher', () => {
  it('FT-ACK-5 can never be the source of a reliable acknowledgement', () => {
    assert.equal(setUp().dispatcher.confirmation, 'shown');
  });

  it('writes a record_payload line at info, as the formats say', async () => {
    const { dispatcher, lines } = setUp();
    await dispatcher.connect(new AbortController().signal);
    await dispatcher.deliver([sampleRecord(1)], new AbortController().signal);
    assert.deepEqual(lines, [
      {
        level: 'info',
        message: 'record_payload',
        fields: { vin: 'VIN0001', metadata: sampleRecord(1).metadata, data: 'cGF5bG9hZCAx' },
      },
    ]);
  });

  it('writes a record_logging_error line for a record without a form', async () => {
    const { dispatcher, lines } = setUp();
    await dispatcher.connect(new AbortController().signal);
    await dispatcher.deliver([sampleRecord(1, { type: UNPRINTABLE })], new AbortController().signal);
    assert.equal(lines[0]?.level, 'error');
    assert.equal(lines[0]?.message, 'record_logging_error');
    const { metadata, ...fields } = lines[0]?.fields ?? {};
    assert.equal((metadata as Record<string, unknown>)['txid'], 'tx-1');
    assert.deepEqual(fields, {
      txtype: UNPRINTABLE,
      vin: 'VIN0001',
      txid: 'tx-1',
      error: 'SAMPLE_UNPRINTABLE: this record has no form',
    });
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readManagerSettings } from '../../../src/actors/update-manager/index.js';
import { readDitto, readInbox, readThingConfig } from '../../../src/protocols/ditto/index.js';
import {
  compact,
  decodeEnvelope,
  encodeEnvelope,
  formatGoDuration,
  parseGoDuration,
  type Read,
  readCommand,
  readConsentFeedback,
  readDesiredState,
  readFeedback,
  readInventory,
} from '../../../src/protocols/update-agent/index.js';
import { aggregateInventory, splitDesiredState } from '../../../src/protocols/update-manager/index.js';

const READERS = { readCommand, readConsentFeedback, readDesiredState, readFeedback, readInventory };
const NAMES = [
  ...['activityId', 'timestamp', 'payload', 'baselines', 'domains', 'title', 'components', 'config', 'id', 'version'],
  ...['key', 'value', 'status', 'baseline', 'message', 'actions', 'component', 'progress', 'command', 'STATUS'],
  ...[
    'hardwareNodes',
    'softwareNodes',
    'associations',
    'parameters',
    'addressable',
    'type',
    'topic',
    'headers',
    'path',
  ],
  ...[
    'desiredState',
    'ownerConsentFeedback',
    '__proto__',
    'constructor',
    'agents',
    'connection',
    'keepAlive',
    'domain',
  ],
];
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(null, true, 0, 1, -1, 1.5, 255, 256, '', 'text', 'edge/car/things/live/messages/apply'),
    fc.dictionary(fc.constantFrom(...NAMES), tie('tree'), { maxKeys: 6 }),
    fc.array(tie('tree'), { maxLength: 4 }),
  ),
}));
const bytes = fc.oneof(
  fc.uint8Array(),
  tree.map((value) => Buffer.from(JSON.stringify(value))),
  fc.string().map((text) => Buffer.from(text)),
);

describe('no reader throws, whatever it is given', () => {
  for (const [name, read] of Object.entries<Read<object | undefined>>(READERS)) {
    it(`UM-MSG-4 ${name}, and what it reads is written and read again the same`, () => {
      fc.assert(
        fc.property(bytes, (input) => {
          const decoded = decodeEnvelope(input, read);
          if (!decoded.ok) return;
          const { activityId, timestamp, payload } = decoded.value;
          const again = decodeEnvelope(Buffer.from(encodeEnvelope(activityId, timestamp, payload ?? null)), read);
          assert.deepEqual(again, decoded);
          assert.deepEqual(compact(payload ?? {}), payload ?? {});
        }),
        { numRuns: 500 },
      );
    });
  }

  it('UM-TH-6 messages of things', () => {
    fc.assert(
      fc.property(bytes, tree, (input, value) => {
        readThingConfig(input);
        const ditto = readDitto(value);
        if (ditto.ok) readInbox(ditto.value);
        const path = '/features/UpdateManager/inbox/messages/';
        for (const operation of ['apply', 'refresh', 'consent', 'else']) {
          const message = { topic: `n/c/things/live/messages/${operation}`, path: `${path}${operation}`, value };
          const read = readDitto(message);
          assert.ok(read.ok);
          assert.equal(readInbox(read.value) === undefined, operation === 'else');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('10.1 a configuration', () => {
    fc.assert(
      fc.property(tree, (file) => {
        readManagerSettings({ file, environment: {}, flags: new Map(), version: '', onStop: 'suspend' });
      }),
      { numRuns: 500 },
    );
  });

  it('UM-SPL-1 UM-INV-1 what is read can be split and aggregated', () => {
    fc.assert(
      fc.property(tree, (payload) => {
        const message = Buffer.from(JSON.stringify({ payload }));
        const state = decodeEnvelope(message, readDesiredState);
        if (state.ok) splitDesiredState(state.value.payload, ['text', '']);
        const inventory = decodeEnvelope(message, readInventory);
        if (!inventory.ok) return;
        const { softwareNodes = [] } = aggregateInventory({ domain: 'd', version: '1' }, [
          { domain: 'text', inventory: inventory.value.payload ?? {} },
        ]);
        assert.equal(softwareNodes[0]?.id, 'd-update-manager');
      }),
      { numRuns: 500 },
    );
  });

  it('UM-ORC-9 a duration that is printed is read as the same', () => {
    fc.assert(
      fc.property(fc.nat({ max: 9_000_000_000 }), fc.constantFrom(1e-6, 1e-3, 1, 1_000), (count, unit) => {
        const ms = count * unit;
        const read = parseGoDuration(formatGoDuration(ms)) ?? Number.NaN;
        assert.ok(Math.abs(read - ms) <= ms * 1e-12 + 1e-6, `${ms}: ${formatGoDuration(ms)}`);
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => void parseGoDuration(text)));
  });
});

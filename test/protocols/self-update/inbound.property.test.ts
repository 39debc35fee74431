import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  AGENT_COMMANDS,
  encodeFeedback,
  feedback,
  readCommand,
  readDesiredState,
  readGet,
} from '../../../src/protocols/self-update/index.js';

const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value) ?? '');
const name = fc.string({ minLength: 1 });
/** Values that hold the words of the protocol in any place. */
const near = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom('self-update', 'os-image', 'image', 'DOWNLOAD', ''),
    fc.jsonValue({ maxDepth: 1 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom(
        'activityId',
        'payload',
        'domains',
        'components',
        'config',
        'id',
        'key',
        'value',
        'version',
        'command',
      ),
      tie('value'),
      { maxKeys: 5 },
    ),
  ),
})).value;

describe('any message', () => {
  it('SUA-15 is read without throwing, and a faulty one has an id and a reason', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), near.map(bytesOf)), (bytes) => {
        for (const read of [readDesiredState, readCommand]) {
          const result = read(bytes);
          if (!result.ok) assert.notEqual(result.error.detail, '');
          else assert.notEqual(result.value.activityId, '');
          if (result.ok && result.value.kind === 'faulty') assert.notEqual(result.value.reason, '');
        }
        readGet(bytes);
      }),
      { numRuns: 2_000 },
    );
  });

  it('SUA-10 a desired state is found among whatever else there is', () => {
    const noise = fc.array(
      fc.jsonValue().filter((value) => !isNamed(value)),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(
        name,
        name,
        name,
        noise,
        noise,
        fc.dictionary(name, fc.jsonValue()),
        (activityId, version, url, before, after, more) => {
          const image = { ...more, key: 'image', value: url };
          const component = { ...more, id: 'os-image', version, config: [...before, image, ...after] };
          const domain = { ...more, id: 'self-update', components: [...before, component, ...after] };
          const payload = { ...more, domains: [...before, domain, ...after] };
          assert.deepEqual(readDesiredState(bytesOf({ ...more, activityId, payload })), {
            ok: true,
            value: { kind: 'desired state', activityId, version, url },
          });
        },
      ),
    );
  });

  it('SUA-12 a command is one of five', () => {
    fc.assert(
      fc.property(name, fc.oneof(fc.constantFrom(...AGENT_COMMANDS), fc.string()), (activityId, command) => {
        const isKnown = (AGENT_COMMANDS as readonly string[]).includes(command);
        const value = isKnown
          ? { kind: 'command', activityId, command }
          : { kind: 'faulty', activityId, reason: `unknown command '${command}'` };
        assert.deepEqual(readCommand(bytesOf({ activityId, payload: { command } })), { ok: true, value });
      }),
    );
  });

  it('SUA-7 SUA-8 feedback is JSON that says what went in, with an integer of eight bits', () => {
    fc.assert(
      fc.property(name, fc.string(), fc.string(), fc.double(), (activityId, version, error, percent) => {
        const json = encodeFeedback(feedback.installFailed(percent, error), { activityId, timestamp: 1, version });
        const [action] = JSON.parse(json).payload.actions;
        assert.equal(action.message, error);
        assert.equal(action.component.version, version);
        assert.ok(Number.isInteger(action.progress) && action.progress >= 0 && action.progress <= 100);
      }),
    );
  });
});

function isNamed(value: unknown): boolean {
  const { id, key } = (value ?? {}) as { id?: unknown; key?: unknown };
  return id !== undefined || key !== undefined;
}

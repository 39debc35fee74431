import assert from 'node:assert/strict';
import { test } from 'node:test';
import { urlLines } from '../../src/cli/ready-lines.js';

test('the listener of the API is called by what a person opens there', () => {
  assert.deepEqual(urlLines({ http: 'http://127.0.0.1:8080', telemetry: 'wss://localhost:4443' }), [
    'console    http://127.0.0.1:8080',
    'telemetry  wss://localhost:4443',
  ]);
});

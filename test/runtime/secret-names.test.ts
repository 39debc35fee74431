import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSecretName } from '../../src/runtime/secret-names.js';

test('INS-5 secrets are known by their names', () => {
  const secret = ['password', 'dbPassword', 'token', 'accessTokens', 'client_secret', 'apiKey', 'private-key', 'KEY'];
  secret.push('APIKey', 'Authorization', 'registryCredentials', 'set-cookie', 'X-Auth-Token', 'accesstoken', 'passwd');
  for (const name of secret) assert.ok(isSecretName(name), name);
  for (const name of ['monkey', 'keyboard', 'author', 'address', 'tokenizer', 'vin'])
    assert.ok(!isSecretName(name), name);
});

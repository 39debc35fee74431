import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkMutual } from '../../../src/actors/diagnosis/protocol-checks.js';

describe('a client without a certificate', () => {
  const after = (code: string, status = 0) => {
    const { status: verdict, finding } = checkMutual({
      error: { code, message: 'what node says' },
      ...{ status, body: '', headers: {}, at: 0 },
    });
    return `${verdict}: ${finding}`;
  };

  it('FT-TLS-3 is refused by an alert, or by an end before any answer', () => {
    const codes = ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'ECONNRESET'];
    for (const code of codes) assert.match(after(code), /^ok: .* is refused in the handshake$/);
  });

  it('FT-TLS-3 whatever else fails says nothing of that, and an answer that breaks off is one', () => {
    for (const code of ['ECONNREFUSED', 'EAI_AGAIN', 'HPE_INVALID_CONSTANT', 'ERR_SSL_WRONG_VERSION_NUMBER']) {
      assert.match(after(code), new RegExp(`^warning: .* cannot be said: .*\\(${code}\\)$`));
    }
    assert.match(after('ETIMEDOUT'), /^warning: .* no answer at all$/);
    assert.match(after('ECONNRESET', 200), /^problem: .* answered with HTTP 200$/);
  });
});

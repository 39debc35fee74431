import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { createAuthority, issueDeviceCertificate } from '../../../src/actors/provisioning/index.js';
import {
  explainHandshakeFailure,
  type HandshakeFacts,
  type HandshakeReason,
} from '../../../src/runtime/tls/tls-failure.js';

const DAY_MS = 86_400_000;

function facts(extra: Partial<HandshakeFacts> = {}): HandshakeFacts {
  return { remote: '192.0.2.1:40000', authorities: [], now: Date.now(), ...extra };
}

/** Codes that OpenSSL and node give, and the reason that each is counted under. */
const REASONS: readonly (readonly [string, HandshakeReason])[] = [
  ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', 'no_certificate'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'unknown_issuer'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'unknown_issuer'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self_signed'],
  ['CERT_HAS_EXPIRED', 'expired'],
  ['CERT_NOT_YET_VALID', 'not_yet_valid'],
  ['INVALID_PURPOSE', 'wrong_purpose'],
  ['INVALID_CA', 'bad_chain'],
  ['CERT_REVOKED', 'bad_chain'],
  ['EE_KEY_TOO_SMALL', 'weak_certificate'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'own_certificate_refused'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN', 'own_certificate_refused'],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'own_certificate_refused'],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'protocol_version'],
  ['ERR_SSL_NO_SHARED_CIPHER', 'nothing_in_common'],
  ['ERR_SSL_NO_APPLICATION_PROTOCOL', 'nothing_in_common'],
  ['ERR_SSL_HTTP_REQUEST', 'plain_http'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'not_tls'],
  ['HANDSHAKE_TIMEOUT', 'timeout'],
  ['TOO_MANY_HANDSHAKES', 'too_many_handshakes'],
  ['LISTENER_CLOSED', 'stopping'],
  ['ECONNRESET', 'closed_early'],
  ['VERDICT_UNAVAILABLE', 'other'],
];

for (const [code, reason] of REASONS) {
  test(`${code} is counted as ${reason}, with a check and a way out`, () => {
    const failure = explainHandshakeFailure({ code }, facts());
    assert.equal(failure.reason, reason);
    assert.equal(failure.code, code);
    assert.equal(failure.who, 'an unknown client at 192.0.2.1:40000');
    assert.ok(failure.check.length > 10 && failure.whatToDo.length > 10);
  });
}

test("an expired authority is told from an expired certificate, and a server's clock from both", async () => {
  const authority = await createAuthority({ commonName: 'Fleet Root' });
  const issued = await issueDeviceCertificate(authority, { commonName: 'VIN00000000000001' });
  const certificate = new X509Certificate(issued.certificatePem);
  const chain = explainHandshakeFailure({ code: 'CERT_HAS_EXPIRED' }, facts({ certificate }));
  assert.match(chain.check, /an authority in the chain/);
  const late = explainHandshakeFailure(
    { code: 'CERT_HAS_EXPIRED' },
    facts({ certificate, now: Date.now() + 366 * DAY_MS }),
  );
  assert.match(late.check, /expired on \d{4}-/);
  assert.match(late.whatToDo, /clock of this machine/);
  const early = explainHandshakeFailure({ code: 'CERT_NOT_YET_VALID' }, facts({ certificate, now: 0 }));
  assert.match(early.check, /not valid yet \(from \d{4}-/);
});

test("what a peer's names say stays on one line and short", async () => {
  const authority = await createAuthority({ commonName: 'x\u001b[2J\u202e\u0000', organization: 'y'.repeat(64) });
  const certificate = new X509Certificate(authority.certificatePem);
  const failure = explainHandshakeFailure(
    { code: 'CERT_HAS_EXPIRED' },
    facts({ certificate, authorities: [certificate] }),
  );
  assert.doesNotMatch(JSON.stringify(failure), /\\u00|\\n|\u202e/);
  const other = explainHandshakeFailure({ code: 'ODD', message: `line\nline${'x'.repeat(9_999)}` }, facts());
  assert.ok(other.check.length < 300);
  assert.doesNotMatch(other.check, /\n/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainHttpAnswer } from '../../../src/actors/simulation/connect-failure.js';
import { explainConnectError } from '../../../src/actors/simulation/index.js';

const facts = { target: 'hub.example.com:4443', isSecure: false, hasOwnCa: true };
const explain = (code: string, message = '', more = {}) =>
  explainConnectError(Object.assign(new Error(message), { code }), { ...facts, ...more });

/** Codes as node gives them, with the reason each is counted under. */
const CASES: readonly (readonly [code: string, reason: string])[] = [
  ['ECONNREFUSED', 'connection_refused'],
  ['ENOTFOUND', 'unknown_host'],
  ['EAI_AGAIN', 'unknown_host'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ETIMEDOUT', 'unreachable'],
  ['EMFILE', 'too_many_files'],
  ['EADDRNOTAVAIL', 'no_free_port'],
  ['CERT_HAS_EXPIRED', 'server_certificate_expired'],
  ['CERT_NOT_YET_VALID', 'server_certificate_not_yet_valid'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'server_name_mismatch'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'server_not_trusted'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'server_not_trusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'server_not_trusted'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'server_not_trusted'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'not_tls'],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'not_tls'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'certificate_required'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'certificate_refused'],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'certificate_refused'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN', 'certificate_refused'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED', 'certificate_refused'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'certificate_expired'],
  ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'nothing_in_common'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'nothing_in_common'],
  ['ECONNRESET', 'closed_in_handshake'],
  ['ESOMETHING', 'other'],
];

test('FT-TLS-3 what node tells in the message alone is explained, too', () => {
  const message = (reason: string): string =>
    `write EPROTO 40D7:error:0A00010B:SSL routines:ssl3_get_record:${reason}:../deps/openssl/ssl/record.c:354:\n`;
  assert.equal(explain('EPROTO', message('wrong version number')).reason, 'not_tls');
  assert.equal(explain('EPROTO', message('tlsv1 alert unknown ca')).reason, 'certificate_refused');
  assert.equal(explain('EPROTO', 'write EPROTO').reason, 'other');
});

test('FT-TLS-3 each way in which a connection fails has a reason, a check and a next step', () => {
  for (const [code, reason] of CASES) {
    const failure = explain(code, 'as node says');
    assert.equal(failure.reason, reason, code);
    assert.equal(failure.code, code);
    assert.ok(failure.check.length > 20 && failure.whatToDo.length > 20, code);
  }
});

test('FT-TLS-3 under TLS 1.3 a refused certificate looks like a closed connection', () => {
  assert.equal(explain('ECONNRESET', '', { isSecure: true }).reason, 'closed_after_handshake');
});

test('a name that does not fit is told with those that would', () => {
  const message =
    "Hostname/IP does not match certificate's altnames: Host: hub.example.com. is not in the cert's altnames: DNS:other.example.com";
  const { check } = explain('ERR_TLS_CERT_ALTNAME_INVALID', message);
  assert.match(check, /hub\.example\.com:4443: .*DNS:other\.example\.com/);
  assert.doesNotMatch(check, /Hostname\/IP/);
});

test('an error without code, and what is no error, are told as they are', () => {
  assert.match(explainConnectError(new Error('odd'), facts).check, /odd/);
  assert.match(explainConnectError('odder', facts).check, /odder/);
  assert.equal(explainConnectError(undefined, facts).reason, 'other');
});

test('an answer that is no upgrade says where it leads', () => {
  const moved = explainHttpAnswer(301, '/x', facts.target);
  assert.equal(moved.reason, 'http_301');
  assert.match(moved.check, /\(to \/x\)/);
  assert.match(explainHttpAnswer(400, undefined, facts.target).whatToDo, /telemetry listener/);
});

/** Why a handshake failed, for counters: a closed list. */
export type HandshakeReason =
  | 'no_certificate'
  | 'unknown_issuer'
  | 'self_signed'
  | 'expired'
  | 'not_yet_valid'
  | 'wrong_purpose'
  | 'bad_chain'
  | 'weak_certificate'
  | 'own_certificate_refused'
  | 'protocol_version'
  | 'nothing_in_common'
  | 'plain_http'
  | 'not_tls'
  | 'timeout'
  | 'too_many_handshakes'
  | 'stopping'
  | 'closed_early'
  | 'other';

/** A failure that is known, as an operator reads it. */
export interface Words {
  readonly reason: HandshakeReason;
  readonly check: string;
  readonly whatToDo: string;
}

/** Errors of the handshake itself, under the codes that node makes of OpenSSL's. The first that fits counts. */
export const HANDSHAKE_ERRORS: readonly (readonly [RegExp, Words])[] = [
  [
    /PEER_DID_NOT_RETURN_A_CERTIFICATE/,
    {
      reason: 'no_certificate',
      check: 'the client showed no certificate',
      whatToDo:
        'give the client a certificate and key; if it has them, put its authority into the CA file: some clients keep their certificate back when its issuer is not among the names that they are asked for',
    },
  ],
  [
    /HTTP_REQUEST|HTTPS_PROXY_REQUEST/,
    {
      reason: 'plain_http',
      check: 'the client spoke plain HTTP on a TLS port',
      whatToDo: 'use https:// or wss:// in its URL; if a proxy stands in front, let it pass TLS through',
    },
  ],
  [
    /UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|INAPPROPRIATE_FALLBACK|ALERT_PROTOCOL_VERSION/,
    {
      reason: 'protocol_version',
      check: 'the client offers no TLS 1.2 or newer',
      whatToDo: 'update the TLS library of the client; older versions are not offered',
    },
  ],
  [
    /NO_SHARED_CIPHER|NO_SHARED_GROUP|NO_SUITABLE_|NO_APPLICATION_PROTOCOL|NO_CIPHERS|NO_SHARED_SIGNATURE/,
    {
      reason: 'nothing_in_common',
      check: 'client and server have no cipher, curve, signature or application protocol in common',
      whatToDo: 'let the client offer http/1.1 (or no ALPN) and current ciphers',
    },
  ],
  [
    /ALERT_(?:UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_|UNSUPPORTED_CERTIFICATE|ACCESS_DENIED|DECRYPT_ERROR)/,
    {
      reason: 'own_certificate_refused',
      check: "the client refused this server's certificate",
      whatToDo:
        'give the client the authority of the server certificate, and let the certificate stand for the name that the client connects to',
    },
  ],
  [
    /WRONG_VERSION_NUMBER|UNKNOWN_PROTOCOL|PACKET_LENGTH_TOO_LONG|RECORD_TOO_SMALL|BAD_RECORD_TYPE|UNEXPECTED_MESSAGE|LENGTH_MISMATCH|DECODE_ERROR/,
    {
      reason: 'not_tls',
      check: 'what the client sent is no TLS handshake',
      whatToDo: 'check that the client uses TLS on this port; scanners and health checks look like this too',
    },
  ],
  [
    /HANDSHAKE_TIMEOUT/,
    {
      reason: 'timeout',
      check: 'the client did not finish the handshake in time',
      whatToDo: 'nothing if it is rare; often means a bad network, or a health check that only opens the port',
    },
  ],
  [
    /TOO_MANY_HANDSHAKES/,
    {
      reason: 'too_many_handshakes',
      check: 'too many handshakes are under way at once',
      whatToDo: 'nothing after a restart, clients try again; if it lasts, add hubs or look for a flood',
    },
  ],
  [
    /LISTENER_CLOSED/,
    {
      reason: 'stopping',
      check: 'this server was stopped during the handshake',
      whatToDo: 'nothing, the client tries again',
    },
  ],
  [
    /ECONNRESET|EPIPE|ECONNABORTED|CLOSED_EARLY|ETIMEDOUT/,
    {
      reason: 'closed_early',
      check: 'the client closed the connection during the handshake',
      whatToDo:
        "nothing if it is rare; if it always does, it does not accept this server's certificate and tells nobody: compare its authority and the name it connects to",
    },
  ],
];

import type { X509Certificate } from 'node:crypto';

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

/** A failed handshake in words for an operator. */
export interface HandshakeFailure {
  readonly reason: HandshakeReason;
  /** Which check failed. */
  readonly check: string;
  /** For whom: the certificate's subject and issuer, as far as one was shown, and the address. */
  readonly who: string;
  readonly whatToDo: string;
  /** OpenSSL's or node's code, to search for. */
  readonly code: string;
}

/** What is known about the other side when a handshake has failed. */
export interface HandshakeFacts {
  /** Address and port. */
  readonly remote: string;
  /** What it showed; nobody has vouched for it. */
  readonly certificate?: X509Certificate | undefined;
  /** The trust anchors it was held against. */
  readonly authorities: readonly X509Certificate[];
  /** Epoch milliseconds. */
  readonly now: number;
}

interface Words {
  readonly reason: HandshakeReason;
  readonly check: string;
  readonly whatToDo: string;
}

/**
 * Which check a handshake failed at, for whom, and what to do. `error` is the error of the socket, or the verdict on
 * the client's certificate under its OpenSSL name (`CERT_HAS_EXPIRED`).
 */
export function explainHandshakeFailure(
  error: { readonly code?: string | undefined; readonly message?: string },
  facts: HandshakeFacts,
): HandshakeFailure {
  const code = error.code ?? 'UNKNOWN';
  return { ...wordsFor(code, error.message ?? '', facts), who: describePeer(facts), code };
}

function wordsFor(code: string, message: string, facts: HandshakeFacts): Words {
  const verdict = VERDICTS[code];
  // OpenSSL goes through all checks and keeps the last that failed, which hides this one.
  if (verdict && isSelfIssuedStranger(facts)) return selfSigned();
  if (verdict) return verdict(facts);
  for (const [pattern, words] of ERRORS) if (pattern.test(code)) return words;
  return {
    reason: 'other',
    check: `the TLS handshake failed: ${clean(message) || code}`,
    whatToDo: 'search for the code; `openssl s_client -connect HOST:PORT` shows the other side of the handshake',
  };
}

/** OpenSSL's verdicts on a client certificate. Which code an unknown issuer gets depends on where the chain broke. */
const VERDICTS: Readonly<Record<string, (facts: HandshakeFacts) => Words>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownIssuer,
  UNABLE_TO_GET_ISSUER_CERT: unknownIssuer,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownIssuer,
  CERT_UNTRUSTED: unknownIssuer,
  CERT_SIGNATURE_FAILURE: unknownIssuer,
  SELF_SIGNED_CERT_IN_CHAIN: unknownIssuer,
  DEPTH_ZERO_SELF_SIGNED_CERT: selfSigned,
  CERT_HAS_EXPIRED: ({ certificate, now }) => {
    const end = certificate ? Date.parse(certificate.validTo) : Number.NaN;
    const isLeaf = end <= now;
    return {
      reason: 'expired',
      check: isLeaf
        ? `the client certificate expired on ${new Date(end).toISOString()}`
        : 'an authority in the chain of the client certificate has expired',
      whatToDo: isLeaf
        ? 'renew the certificate of the client; if it has not expired, correct the clock of this machine'
        : 'renew the authority and put the new one into the CA file, or correct the clock of this machine',
    };
  },
  CERT_NOT_YET_VALID: ({ certificate, now }) => {
    const start = certificate ? Date.parse(certificate.validFrom) : Number.NaN;
    const what = start > now ? 'the client certificate' : 'an authority in the chain of the client certificate';
    return {
      reason: 'not_yet_valid',
      check: `${what} is not valid yet${start > now ? ` (from ${new Date(start).toISOString()})` : ''}`,
      whatToDo: 'correct the clock of this machine, or of the one that issued the certificate',
    };
  },
  INVALID_PURPOSE: ({ certificate }) => ({
    reason: 'wrong_purpose',
    check: `the client certificate, or an authority above it, may not be used by clients (extended key usage of the certificate: ${usagesOf(certificate)})`,
    whatToDo: 'issue it with the extended key usage clientAuth, or without that extension',
  }),
  CERT_REVOKED: () => ({
    reason: 'bad_chain',
    check: 'the client certificate has been revoked',
    whatToDo: 'issue the client a new certificate, if it may still connect',
  }),
  ...alike(['INVALID_CA', 'PATH_LENGTH_EXCEEDED', 'CERT_CHAIN_TOO_LONG', 'ERROR_IN_CERT_NOT_AFTER_FIELD'], {
    reason: 'bad_chain',
    check: 'a certificate in the chain may not issue others, or the chain is too long',
    whatToDo: 'have the certificate issued by an authority (basic constraint CA), and send the chain without strangers',
  }),
  ...alike(['CA_MD_TOO_WEAK', 'CA_KEY_TOO_SMALL', 'EE_KEY_TOO_SMALL'], {
    reason: 'weak_certificate',
    check: 'a key or signature in the chain of the client certificate is too weak (SHA-1, or RSA below 2 048 bits)',
    whatToDo: 'issue it with an EC or RSA 2 048 key and a SHA-256 signature',
  }),
};

/** Errors of the handshake itself, under the codes that node makes of OpenSSL's. The first that fits counts. */
const ERRORS: readonly (readonly [RegExp, Words])[] = [
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

function alike(codes: readonly string[], words: Words): Record<string, () => Words> {
  return Object.fromEntries(codes.map((code) => [code, () => words]));
}

function isSelfIssuedStranger({ certificate, authorities }: HandshakeFacts): boolean {
  if (!certificate || certificate.subject !== certificate.issuer) return false;
  return authorities.every(({ subject }) => subject !== certificate.subject);
}

function selfSigned(): Words {
  return {
    reason: 'self_signed',
    check: 'the client certificate is signed by itself, not by a trusted authority',
    whatToDo: 'have a trusted authority issue the client a certificate',
  };
}

function unknownIssuer({ certificate, authorities }: HandshakeFacts): Words {
  const issuer = certificate ? nameOf(certificate.issuer) : 'unknown';
  const twin = authorities.find(({ subject }) => subject === certificate?.issuer);
  if (twin) {
    return {
      reason: 'unknown_issuer',
      check: `the client certificate names the trusted authority ${issuer} as issuer but is not signed with its key`,
      whatToDo:
        'the authority was made anew, or there are two of this name: put the one that signed the certificate into the CA file, or issue the certificate again',
    };
  }
  const trusted = authorities.map(({ subject }) => nameOf(subject)).join('; ');
  return {
    reason: 'unknown_issuer',
    check: `the issuer of the client certificate, ${issuer}, is not trusted and no chain to a trusted one was sent`,
    whatToDo: `add that authority to the CA file, or let the client send the certificates between it and a trusted one (trusted: ${clean(trusted, 400)})`,
  };
}

function usagesOf(certificate: X509Certificate | undefined): string {
  // Node gives the extended key usage under this name, undefined without the extension.
  const usages: readonly string[] | undefined = certificate?.keyUsage;
  return usages?.join(', ') || 'none';
}

function describePeer({ certificate, remote }: HandshakeFacts): string {
  if (!certificate) return `an unknown client at ${remote}`;
  return `${nameOf(certificate.subject)} (issued by ${nameOf(certificate.issuer)}) at ${remote}`;
}

/** A distinguished name as node gives it, one attribute a line, on one line. */
function nameOf(name: string): string {
  return clean((name ?? '').split('\n').join(', ')) || 'without name';
}

/** Names are the peer's words: no control characters, and not as long as it likes. */
function clean(text: string, longest = 200): string {
  const printable = text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trim();
  return printable.length <= longest ? printable : `${printable.slice(0, longest)}…`;
}

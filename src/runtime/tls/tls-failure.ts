import type { X509Certificate } from 'node:crypto';
import { HANDSHAKE_ERRORS, type HandshakeReason, type Words } from './tls-handshake-errors.js';

export type { HandshakeReason } from './tls-handshake-errors.js';

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
  for (const [pattern, words] of HANDSHAKE_ERRORS) if (pattern.test(code)) return words;
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

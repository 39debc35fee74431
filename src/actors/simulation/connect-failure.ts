/** Why a connection did not come about, in words for the person at the load generator. */
export interface ConnectFailure {
  /** A word for counters: a closed list. */
  readonly reason: string;
  /** Which check failed. */
  readonly check: string;
  readonly whatToDo: string;
  /** Node's or OpenSSL's code, to search for; empty if there is none. */
  readonly code: string;
}

/** What is known when a connection failed. */
export interface ConnectFacts {
  /** Host and port of the server. */
  readonly target: string;
  /** Whether the TLS handshake had succeeded on this side. */
  readonly isSecure: boolean;
  /** Whether a CA file was given, or the system's authorities were used. */
  readonly hasOwnCa: boolean;
}

type Words = Pick<ConnectFailure, 'reason' | 'check' | 'whatToDo'>;

/** Explains an error of the socket or the TLS handshake. */
export function explainConnectError(error: unknown, facts: ConnectFacts): ConnectFailure {
  const { code = '', message = String(error) } = (error ?? {}) as { code?: string; message?: string };
  // Of some errors of OpenSSL, node tells the reason in the message alone.
  const cause = code === 'EPROTO' ? (/SSL routines:[^:]*:([^:]+):/.exec(message)?.[1] ?? code) : code;
  const name = cause.toUpperCase().replaceAll(' ', '_');
  for (const [pattern, words] of CAUSES) if (pattern.test(name)) return { ...words(facts, message), code };
  return {
    reason: 'other',
    check: `the connection to ${facts.target} failed: ${message}`,
    whatToDo: 'search for the code, and look into the log of the server',
    code,
  };
}

/** Explains an answer to the upgrade that is not 101. */
export function explainHttpAnswer(status: number, location: string | undefined, target: string): ConnectFailure {
  const moved = location === undefined ? '' : ` (to ${location})`;
  return {
    reason: `http_${status}`,
    check: `${target} answered the WebSocket upgrade with HTTP ${status}${moved} instead of 101`,
    whatToDo:
      status >= 300 && status < 400
        ? 'use the address it points to, without a path that needs cleaning'
        : 'check that host and port are those of the telemetry listener, not of an API or a proxy',
    code: '',
  };
}

/**
 * A server that takes the connection and ends it at once has read the certificate and does not want it (FT-WS-9).
 * `words`: how it ended it.
 */
export function explainDrop(target: string, vin: string, words: string): ConnectFailure {
  return {
    reason: 'identity_refused',
    check: `${target} accepted the connection of ${vin} and ended it at once: ${words}`,
    whatToDo:
      'it trusts the certificate but knows no device of such an issuer: its log names the issuer; the CN of the device CA must be one it knows (Tesla Motors Products CA, for instance), or its identity tables must name it',
    code: '',
  };
}

/** Why a CONNECT of the chart ended before the socket did. */
export function explainTimeout(target: string): ConnectFailure {
  return {
    reason: 'timeout',
    check: `${target} did not complete the connection in time`,
    whatToDo: 'lower --ramp, or look whether a firewall drops packets or the server is overloaded',
    code: '',
  };
}

/** By code, the first that fits counts. */
const CAUSES: readonly (readonly [RegExp, (facts: ConnectFacts, message: string) => Words])[] = [
  [
    /^ECONNREFUSED$/,
    ({ target }) => ({
      reason: 'connection_refused',
      check: `nothing listens on ${target}`,
      whatToDo: 'start the server, or correct host and port',
    }),
  ],
  [
    /^(?:ENOTFOUND|EAI_AGAIN|EAI_NODATA)$/,
    ({ target }) => ({
      reason: 'unknown_host',
      check: `the name in ${target} has no address`,
      whatToDo: 'correct the host name, or the name service of this machine',
    }),
  ],
  [
    /^(?:EHOSTUNREACH|ENETUNREACH|ENETDOWN|ETIMEDOUT)$/,
    ({ target }) => ({
      reason: 'unreachable',
      check: `no way leads to ${target}`,
      whatToDo: 'check the network, routes and firewalls between here and there',
    }),
  ],
  [
    /^(?:EMFILE|ENFILE)$/,
    () => ({
      reason: 'too_many_files',
      check: 'this process may open no more files; each connection is one',
      whatToDo: 'raise the limit (`ulimit -n 8192`) or simulate fewer vehicles',
    }),
  ],
  [
    /^EADDRNOTAVAIL$/,
    ({ target }) => ({
      reason: 'no_free_port',
      check: `this machine has no free port left for connections to ${target}`,
      whatToDo: 'widen net.ipv4.ip_local_port_range, or simulate fewer vehicles from one machine',
    }),
  ],
  [
    /^CERT_HAS_EXPIRED$/,
    () => ({
      reason: 'server_certificate_expired',
      check: 'the certificate of the server, or an authority above it, has expired',
      whatToDo: "renew the server's certificate; if it is valid, correct the clock of this machine",
    }),
  ],
  [
    /^CERT_NOT_YET_VALID$/,
    () => ({
      reason: 'server_certificate_not_yet_valid',
      check: 'the certificate of the server, or an authority above it, is not valid yet',
      whatToDo: 'correct the clock of this machine, or of the one that issued the certificate',
    }),
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    ({ target }, message) => ({
      reason: 'server_name_mismatch',
      check: `the certificate of the server does not stand for ${target}: ${altNames(message)}`,
      whatToDo: 'connect to a name that the certificate stands for, or issue it for this one',
    }),
  ],
  [
    /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE)$/,
    ({ hasOwnCa }) => ({
      reason: 'server_not_trusted',
      check: `the certificate of the server was issued by nobody ${hasOwnCa ? 'in the CA file' : 'that this machine trusts'}`,
      whatToDo: 'give --ca the file of the authority that issued it (for demo certificates, ca.crt beside them)',
    }),
  ],
  [
    /WRONG_VERSION_NUMBER|UNKNOWN_PROTOCOL|PACKET_LENGTH_TOO_LONG|RECORD_TOO_SMALL|HTTP_REQUEST/,
    ({ target }) => ({
      reason: 'not_tls',
      check: `what answers on ${target} speaks no TLS`,
      whatToDo:
        'use the port of the telemetry listener, which a hub prints at its start; there is no ingest without TLS',
    }),
  ],
  [
    /ALERT_CERTIFICATE_REQUIRED|ALERT_NO_CERTIFICATE/,
    () => ({
      reason: 'certificate_required',
      check: 'the server wants a client certificate and got none',
      whatToDo: 'give --cert-dir or --device-ca',
    }),
  ],
  [
    /ALERT_UNKNOWN_CA|ALERT_(?:BAD_)?CERTIFICATE(?:_UNKNOWN|_REVOKED)?$|ALERT_ACCESS_DENIED|ALERT_DECRYPT_ERROR|ALERT_UNSUPPORTED_CERTIFICATE/,
    () => ({
      reason: 'certificate_refused',
      check: 'the server does not accept the certificates of the vehicles',
      whatToDo: 'let the server trust the device CA (its `ca_file`), or take certificates of an authority it trusts',
    }),
  ],
  [
    /ALERT_CERTIFICATE_EXPIRED/,
    () => ({
      reason: 'certificate_expired',
      check: 'the server says that the certificates of the vehicles have expired',
      whatToDo: 'renew them (`fleetchart provision device`), or correct the clock of the server',
    }),
  ],
  [
    /ALERT_PROTOCOL_VERSION|ALERT_HANDSHAKE_FAILURE|UNSUPPORTED_PROTOCOL|NO_SHARED_CIPHER|ALERT_INSUFFICIENT_SECURITY/,
    () => ({
      reason: 'nothing_in_common',
      check: 'this side and the server have no TLS version, cipher or certificate type in common',
      whatToDo:
        'let the server offer TLS 1.2 or 1.3 with current ciphers; take RSA certificates for a server without EC',
    }),
  ],
  [
    /^(?:ECONNRESET|EPIPE|ECONNABORTED|ERR_STREAM_PREMATURE_CLOSE)$/,
    ({ isSecure, target }) =>
      isSecure
        ? {
            reason: 'closed_after_handshake',
            check: `${target} closed the connection right after the TLS handshake, before it answered the upgrade`,
            whatToDo:
              'with TLS 1.3 this is how a refused client certificate can look: let the server trust the device CA, and see its log',
          }
        : {
            reason: 'closed_in_handshake',
            check: `${target} closed the connection during the TLS handshake`,
            whatToDo: 'lower --ramp if it happens under load; otherwise see the log of the server',
          },
  ],
];

/** What node says of the names, without its own beginning. */
function altNames(message: string): string {
  return message.replace(/^.*?altnames: /, '').slice(0, 300);
}

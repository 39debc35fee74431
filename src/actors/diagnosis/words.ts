import type { ProbeError } from './probe.js';

/** Errors of sockets and of handshakes in words; the first that fits counts. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^ECONNREFUSED$/, 'nothing listens there'],
  [/^(?:ENOTFOUND|EAI_AGAIN|EAI_NODATA)$/, 'the name has no address'],
  [/^(?:EHOSTUNREACH|ENETUNREACH|ENETDOWN)$/, 'no way leads there'],
  [/^ETIMEDOUT$/, 'it did not answer in time'],
  [
    /WRONG_VERSION_NUMBER|UNKNOWN_PROTOCOL|PACKET_LENGTH_TOO_LONG|RECORD_TOO_SMALL|HTTP_REQUEST/,
    'what answers speaks no TLS',
  ],
  [/CERTIFICATE_REQUIRED|ALERT_NO_CERTIFICATE/, 'it wants a certificate and got none'],
  [/ALERT_UNKNOWN_CA/, 'it does not trust the authority of the certificate'],
  [/ALERT_CERTIFICATE_EXPIRED/, 'it says that the certificate has expired'],
  [/ALERT_UNSUPPORTED_CERTIFICATE/, 'it says that the certificate is not for clients'],
  [/ALERT_(?:BAD_)?CERTIFICATE|ALERT_ACCESS_DENIED|ALERT_DECRYPT_ERROR/, 'it does not accept the certificate'],
  [
    /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|NO_PROTOCOLS_AVAILABLE/,
    'there is no version of TLS in common',
  ],
  [/HANDSHAKE_FAILURE|NO_SHARED_CIPHER|INSUFFICIENT_SECURITY/, 'there is no cipher or kind of certificate in common'],
  [/NO_APPLICATION_PROTOCOL/, 'there is no application protocol (ALPN) in common'],
  [/^(?:ECONNRESET|EPIPE|ECONNABORTED|ERR_STREAM_PREMATURE_CLOSE)$/, 'it closed the connection without a word'],
];

/** Why something did not come about, with the code to search for. */
export function reasonOf(error: ProbeError | undefined): string {
  if (!error) return 'no reason is known';
  const words = WORDS.find(([pattern]) => pattern.test(error.code))?.[1] ?? error.message.trim();
  return error.code === '' ? words : `${words} (${error.code})`;
}

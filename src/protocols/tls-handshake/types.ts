import type { Failure } from '../result.js';

/** What a server says until its handshake is over, as far as it came. */
export interface ServerFlight {
  /** `0x0304` is TLS 1.3; 0 if there was no hello. */
  readonly version: number;
  readonly cipher: number;
  /** DER, in the order in which they were sent; undefined if none were, or if they could not be read. */
  readonly certificates: readonly Uint8Array[] | undefined;
  /** Undefined if no certificate of the client was asked for, or if that could not be read. */
  readonly request: CertificateRequest | undefined;
  /** Fatal or not, in the clear. */
  readonly alert: { readonly level: number; readonly code: number } | undefined;
  /** Whether it could be read to its end: an encrypted one takes the secret. */
  readonly isComplete: boolean;
}

/** What a client is asked for. */
export interface CertificateRequest {
  /** Distinguished names in DER: of whom a certificate is wanted. Empty: of anybody. */
  readonly authorities: readonly Uint8Array[];
}

export interface HandshakeFailure extends Failure {
  readonly code: 'TLS_TRUNCATED' | 'TLS_MALFORMED' | 'TLS_TOO_LARGE';
}

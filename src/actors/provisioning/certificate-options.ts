import type { Clock } from '../../runtime/clock.js';
import type { KeyKind } from './keys.js';

/** A certificate with its key. */
export interface IssuedCertificate {
  /** The certificate alone. */
  readonly certificatePem: string;
  /** The certificate and the intermediate authorities above it, without the root: what a peer of TLS presents. */
  readonly chainPem: string;
  /** PKCS#8 without passphrase. */
  readonly keyPem: string;
}

/** An authority that issues: its certificate, key, and the chain its leaves bring along. */
export interface Authority extends IssuedCertificate {
  /** For an intermediate authority its own certificate and those above it, without the root; empty for a root. */
  readonly intermediatesPem: string;
}

export interface CertificateOptions {
  /** Made anew unless `keyPem` is given. @default P-256 */
  readonly key?: KeyKind;
  /** A key to use instead of a new one. */
  readonly keyPem?: string;
  /** Validity from now; cut at the end of the issuer's. @default 3 650 for authorities, 365 for others */
  readonly days?: number;
  /** Epoch milliseconds. @default one hour ago, for peers whose clock is late */
  readonly notBefore?: number;
  /** Epoch milliseconds; wins over `days` and is not cut. */
  readonly notAfter?: number;
  /** @default systemClock */
  readonly clock?: Pick<Clock, 'now'>;
}

export interface SubjectOptions {
  /** Several become several CN attributes in this order (FT-ID-1). */
  readonly commonName: string | readonly string[];
  readonly organization?: string;
  /** In certificate order (FT-ID-3, FT-ID-4). */
  readonly organizationalUnits?: readonly string[];
}

export interface AuthorityOptions extends CertificateOptions, SubjectOptions {
  /** Makes an intermediate authority. @default self-signed */
  readonly issuer?: Authority;
  /** OIDs that this authority is restricted to. @default none, no extension */
  readonly extendedKeyUsages?: readonly string[];
}

export interface ServerCertificateOptions extends CertificateOptions {
  /** DNS names and IP addresses of the server, the first is the CN. */
  readonly names: readonly string[];
  readonly organization?: string;
}

export interface DeviceCertificateOptions extends CertificateOptions, SubjectOptions {
  /** OIDs in certificate order; an empty list leaves the extension out. @default clientAuth */
  readonly extendedKeyUsages?: readonly string[];
}

/** Purposes that certificates carry as Extended Key Usage. */
export const KEY_PURPOSE = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  any: '2.5.29.37.0',
} as const;

/** Why a certificate could not be read. `code` is stable and safe for metrics; `detail` is for people. */
export interface X509Failure {
  readonly code: 'X509_TRUNCATED' | 'X509_MALFORMED' | 'X509_TOO_LARGE';
  readonly detail: string;
  /** Where in the DER, in bytes. */
  readonly offset: number;
}

export type X509Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: X509Failure };

/** One attribute of a distinguished name. */
export interface NameAttribute {
  /** `CN`, `O`, `OU`, `C`, `ST`, `L`, `serialNumber`; the dotted OID of any other. */
  readonly type: string;
  readonly value: string;
}

/** By their bits. */
export const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;
export type KeyUsage = (typeof KEY_USAGES)[number];

/** What identity and explanations need of a certificate, in certificate order where order means something. */
export interface CertificateFacts {
  /** Upper-case hex, as `X509Certificate.serialNumber` shows it. */
  readonly serialNumber: string;
  /** All attributes in certificate order, repeated ones too; attributes that are no text are left out. */
  readonly subject: readonly NameAttribute[];
  readonly issuer: readonly NameAttribute[];
  /** The last CN of the issuer; empty if there is none. */
  readonly issuerCommonName: string;
  /** Epoch milliseconds. */
  readonly notBefore: number;
  /** Epoch milliseconds. */
  readonly notAfter: number;
  /** Undefined if the extension is absent: for anything. */
  readonly keyUsage: readonly KeyUsage[] | undefined;
  /** Dotted OIDs of the Extended Key Usage in certificate order; empty if the extension is absent. */
  readonly extendedKeyUsage: readonly string[];
}

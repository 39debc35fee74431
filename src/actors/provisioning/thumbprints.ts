import { X509Certificate } from 'node:crypto';

/** Digests over the DER of a certificate, upper-case hex without colons (PCL-9). */
export interface Thumbprints {
  /** 40 digits (PRV-8). */
  readonly sha1: string;
  /** 64 digits. */
  readonly sha256: string;
}

/** Of the first certificate of a PEM file. */
export function thumbprints(certificatePem: string): Thumbprints {
  const { fingerprint, fingerprint256 } = new X509Certificate(certificatePem);
  return { sha1: fingerprint.replaceAll(':', ''), sha256: fingerprint256.replaceAll(':', '') };
}

import { X509Certificate } from 'node:crypto';
import { type CertificateFacts, decodeCertificate, nameText } from '../../protocols/x509/index.js';

/** A certificate as both readers have it: node's judges, ours sees more. */
export interface Known {
  readonly node: X509Certificate;
  readonly facts: CertificateFacts;
  /** `CN=…, O=…`; a word for an empty one. */
  readonly subject: string;
  readonly issuer: string;
  readonly isSelfIssued: boolean;
}

/** What of a certificate is shown. */
export interface ShownCertificate {
  readonly subject: string;
  readonly issuer: string;
  /** RFC 3339. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** DNS names and addresses. */
  readonly names: string;
  readonly sha256: string;
}

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** Undefined for what neither can read. */
export function known(der: Uint8Array): Known | undefined {
  const read = decodeCertificate(der);
  if (!read.ok) return undefined;
  try {
    const node = new X509Certificate(der);
    const subject = nameText(read.value.subject) || '(no name)';
    const issuer = nameText(read.value.issuer) || '(no name)';
    return { node, facts: read.value, subject, issuer, isSelfIssued: node.subject === node.issuer };
  } catch {
    return undefined;
  }
}

/** Those in a PEM text that can be read. */
export function certificatesOf(pem: string): readonly Known[] {
  return (pem.match(PEM) ?? []).flatMap((text) => {
    try {
      return known(new X509Certificate(text).raw) ?? [];
    } catch {
      return [];
    }
  });
}

export const shown = ({ node, subject, issuer, facts }: Known): ShownCertificate => ({
  subject,
  issuer,
  notBefore: isoOf(facts.notBefore),
  notAfter: isoOf(facts.notAfter),
  names: node.subjectAltName ?? '',
  sha256: node.fingerprint256,
});

/** Whether the one has issued the other: by name, and by its signature. */
export function hasIssued(issuer: Known, certificate: Known): boolean {
  try {
    return certificate.node.checkIssued(issuer.node) && certificate.node.verify(issuer.node.publicKey);
  } catch {
    return false;
  }
}

/** Whether one of the anchors vouches for it, over what was sent along. Each is trusted by itself, a root or not. */
export function isTrusted(leaf: Known, sent: readonly Known[], anchors: readonly Known[]): boolean {
  const seen: Known[] = [];
  for (let last: Known | undefined = leaf; last && !seen.includes(last); ) {
    const current: Known = last;
    const isAnchor = anchors.some(({ node }) => node.fingerprint256 === current.node.fingerprint256);
    if (isAnchor || anchors.some((anchor) => hasIssued(anchor, current))) return true;
    seen.push(current);
    last = sent.find((each) => each !== current && hasIssued(each, current));
  }
  return false;
}

export const isoOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

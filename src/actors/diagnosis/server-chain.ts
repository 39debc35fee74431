/** The certificates that a server sends, held against what a vehicle asks of them (FT-TLS-2, FT-CLI-1). */
import { isIP } from 'node:net';
import { hasIssued, isoOf, isTrusted, type Known } from './certificates.js';
import { type Check, ok, problem, skipped, warning } from './check.js';
import { checkValidity } from './validity.js';

export interface ChainFacts {
  readonly host: string;
  /** As they were sent, the server's own first. */
  readonly sent: readonly Known[];
  /** What may vouch for them. */
  readonly anchors: readonly Known[];
  /** Whether those were named, and are not the machine's. */
  readonly hasOwnCa: boolean;
  /** OpenSSL's; empty: trusted; undefined: it came to none. */
  readonly verdict: string | undefined;
  readonly now: number;
}

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const ANY_USAGE = '2.5.29.37.0';

export function checkServerChain(facts: ChainFacts): readonly Check[] {
  const [leaf] = facts.sent;
  if (!leaf) return [problem('server.chain', 'the server sent no certificate that could be read')];
  return [
    checkOrder(facts, leaf),
    checkTrust(facts, leaf),
    checkName(facts, leaf),
    checkValidity('server.validity', "the server's", facts.sent, facts.now),
    checkServerUsage(leaf),
  ];
}

const lineOf = ({ subject, issuer, facts }: Known, index: number): string =>
  `${index + 1}. ${subject}, issued by ${issuer}, until ${isoOf(facts.notAfter)}`;

/** Each but the last is followed by its issuer. */
function checkOrder({ sent, anchors, hasOwnCa }: ChainFacts, leaf: Known): Check {
  const id = 'server.chain';
  const details = sent.map(lineOf);
  const strangers = sent.slice(1).filter((each, index) => !hasIssued(each, sent[index] as Known));
  const path = pathOf(leaf, sent);
  const last = path.at(-1) ?? leaf;
  const isComplete = last.isSelfIssued || anchors.some((anchor) => hasIssued(anchor, last));
  if (leaf.isSelfIssued && hasIssued(leaf, leaf)) {
    return warning(id, 'the server shows a certificate that is signed by itself', {
      details,
      next: 'vehicles have to be given this very certificate as `ca`; better issue it by an authority: fleetchart provision hub',
    });
  }
  if (!isComplete && !hasOwnCa) {
    return warning(id, `the chain ends at ${last.subject}: its issuer ${last.issuer} is neither sent nor known here`, {
      details,
      next: 'if that is a root of your own, name it with --ca; if not, append the intermediate certificates to tls.server_cert',
    });
  }
  if (!isComplete) {
    return problem(id, `the chain is not complete: ${last.issuer}, which issued ${last.subject}, is missing`, {
      details,
      next: 'append the intermediate certificates to the file of the server certificate (tls.server_cert), leaf first',
    });
  }
  if (strangers.length > 0) {
    const names = strangers.map(({ subject }) => subject).join('; ');
    return warning(id, `the certificates are out of order, or some do not belong there: ${names}`, {
      details,
      next: 'write the file of the server certificate leaf first, each followed by its issuer, and nothing else',
    });
  }
  const hasRoot = sent.length > 1 && sent.at(-1)?.isSelfIssued === true;
  const root = hasRoot ? '; its root is sent, too, which does no harm and no good' : '';
  const count = sent.length === 1 ? '1 certificate' : `${sent.length} certificates`;
  return ok(id, `the chain is complete and in order: ${count}${root}`, details);
}

/** From the leaf up, as far as what was sent leads. */
function pathOf(leaf: Known, sent: readonly Known[]): readonly Known[] {
  const path = [leaf];
  for (;;) {
    const last = path.at(-1) as Known;
    const next = sent.find((each) => !path.includes(each) && hasIssued(each, last));
    if (!next || last.isSelfIssued) return path;
    path.push(next);
  }
}

function checkTrust({ sent, anchors, hasOwnCa, host, ...facts }: ChainFacts, leaf: Known): Check {
  const verdict = facts.verdict ?? (isTrusted(leaf, sent, anchors) ? '' : 'UNABLE_TO_GET_ISSUER_CERT');
  const id = 'server.trust';
  const by = hasOwnCa ? 'the authorities that were given' : 'the authorities of this machine';
  if (verdict === '') return ok(id, `the server's certificate is trusted by ${by}`);
  const passing = /^(?:CERT_HAS_EXPIRED|CERT_NOT_YET_VALID)$/.test(verdict);
  const next = passing
    ? 'see the validity below'
    : hasOwnCa
      ? `give vehicles, as \`ca\` of their configuration, the authority that issued it: ${leaf.issuer}`
      : `name the authority that vehicles get as \`ca\` with --ca FILE; without it those of this machine count, as for ${host} in a browser`;
  return problem(id, `the server's certificate is not trusted by ${by}: ${verdict}`, { next });
}

function checkName({ host }: ChainFacts, { node, facts }: Known): Check {
  const id = 'server.name';
  const names = node.subjectAltName ?? '';
  const stands = isIP(host) === 0 ? node.checkHost(host, { subject: 'never' }) : node.checkIP(host);
  if (stands !== undefined) return ok(id, `the server's certificate stands for ${host}`, [names]);
  const commonName = facts.subject.findLast(({ type }) => type === 'CN')?.value ?? '';
  const has = names === '' ? 'it has no subject alternative names' : `it stands for ${names}`;
  const byCn = commonName === host ? '; its CN is that name, which nobody looks at any more' : '';
  return problem(id, `the server's certificate does not stand for ${host}: ${has}${byCn}`, {
    next: `issue it with ${host} among the subject alternative names, or write into the vehicles' \`hostname\` a name that it stands for`,
  });
}

function checkServerUsage({ facts, node }: Known): Check {
  const id = 'server.usage';
  const { extendedKeyUsage, keyUsage } = facts;
  const next = 'issue it anew with the key usage digitalSignature and the extended key usage serverAuth';
  if (extendedKeyUsage.length > 0 && !extendedKeyUsage.some((oid) => oid === SERVER_AUTH || oid === ANY_USAGE)) {
    return problem(id, `the server's certificate is not for servers: ${extendedKeyUsage.join(', ')}`, { next });
  }
  if (keyUsage && !keyUsage.includes('digitalSignature')) {
    const usages = keyUsage.join(', ') || 'nothing';
    return problem(id, `the server's key may not sign handshakes, only: ${usages}`, { next });
  }
  if (node.ca) return warning(id, "the server's certificate is that of an authority", { next });
  const { asymmetricKeyType: type, asymmetricKeyDetails: key } = node.publicKey;
  if (type === 'rsa' && (key?.modulusLength ?? 0) < 2_048) {
    return problem(id, `the server's key is too short: RSA ${key?.modulusLength}`, { next: 'take RSA 2048 or P-256' });
  }
  return ok(id, "the server's certificate may be used by servers");
}

/** Whether the certificate depends on the name that is asked for; vehicles send theirs. */
export function checkServerName(host: string, named: Known | undefined, unnamed: Known | undefined): Check {
  const id = 'server.sni';
  if (isIP(host) !== 0) return skipped(id, 'no name is sent to an address, so there is nothing to compare');
  if (!named) return skipped(id, 'without a handshake there is nothing to compare');
  if (!unnamed) {
    return warning(id, 'without a server name (SNI) the handshake fails', {
      next: 'vehicles send the name, so that this does no harm; health checks by address fail',
    });
  }
  if (named.node.fingerprint256 === unnamed.node.fingerprint256) {
    return ok(id, 'the certificate is the same with and without a server name (SNI)');
  }
  return warning(id, `without a server name (SNI) another certificate is shown: ${unnamed.subject}`, {
    details: [`with it: ${named.subject}`],
    next: 'something in front tells servers apart by the name: see that it passes TLS through and does not end it',
  });
}

/** What this side shows, held against what a server of the protocol asks of it (FT-TLS-5, FT-TLS-6, FT-ID). */
import { createPrivateKey } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { identify, TESLA_IDENTITY_TABLES } from '../../protocols/fleet-telemetry/index.js';
import type { ServerFlight } from '../../protocols/tls-handshake/index.js';
import { decodeName, nameText } from '../../protocols/x509/index.js';
import { certificatesOf, type Known } from './certificates.js';
import { type Check, ok, problem, skipped, warning } from './check.js';
import { checkValidity } from './validity.js';

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const ANY_USAGE = '2.5.29.37.0';
/** More names than these are summed up. */
const MOST_SHOWN = 20;

/** The certificate and key of a vehicle, before anything is sent. */
export function checkClientCertificate(
  chain: readonly Known[],
  keyPem: string | undefined,
  now: number,
): readonly Check[] {
  const [leaf] = chain;
  if (!leaf) {
    const next = 'name a certificate and key of a vehicle with --cert FILE --key FILE to see what becomes of them';
    return [skipped('client.certificate', 'no certificate of a vehicle was given', { next })];
  }
  return [
    checkKey(leaf, keyPem),
    checkValidity('client.validity', "the vehicle's", chain, now),
    checkClientUsage(leaf),
    checkIdentity(leaf),
  ];
}

function checkKey({ node, subject, issuer }: Known, keyPem: string | undefined): Check {
  const id = 'client.certificate';
  try {
    const isIts = keyPem !== undefined && node.checkPrivateKey(createPrivateKey(keyPem));
    if (isIts) return ok(id, `certificate and key belong together: ${subject}, issued by ${issuer}`);
  } catch {
    return problem(id, 'the key cannot be read', { next: 'give a private key in PEM without a passphrase' });
  }
  return problem(id, `the key is not that of the certificate of ${subject}`, {
    next: 'give the key that was made with it, and put the certificate of the vehicle first into its file',
  });
}

function checkClientUsage({ facts }: Known): Check {
  const id = 'client.usage';
  const { extendedKeyUsage: usages, keyUsage } = facts;
  const next = 'issue it with the key usage digitalSignature and the extended key usage clientAuth';
  if (keyUsage && !keyUsage.includes('digitalSignature')) {
    return problem(id, `the vehicle's key may not sign handshakes, only: ${keyUsage.join(', ') || 'nothing'}`, {
      next,
    });
  }
  if (usages.length === 0) return ok(id, "the vehicle's certificate has no extended key usage, which is fine");
  if (usages.includes(CLIENT_AUTH)) return ok(id, "the vehicle's certificate may be used by clients");
  if (usages.includes(ANY_USAGE)) {
    return warning(id, "the vehicle's certificate is for any use, which some servers do not take for clients", {
      next,
    });
  }
  return problem(id, `the vehicle's certificate is not for clients: ${usages.join(', ')}`, { next });
}

/** FT-ID-1 to FT-ID-5, by the tables of the reference. */
function checkIdentity({ facts }: Known): Check {
  const id = 'client.identity';
  const identity = identify(facts, TESLA_IDENTITY_TABLES);
  if (identity.ok) {
    const { deviceId, senderId } = identity.value;
    return ok(id, `a server of the protocol knows the vehicle as ${senderId}: its records are those of ${deviceId}`);
  }
  const { detail, explanation } = identity.error;
  return warning(id, `by the reference's tables the vehicle is nobody (${detail}): ${explanation}`, {
    next: 'such a connection is made and ended at once; a hub of Fleetchart takes issuers of its own in fleetchart.trustedIssuers',
  });
}

/** Of whom the server wants certificates (FT-TLS-3, FT-TLS-6): it tells names alone, and no keys. */
export function checkAuthorities(flight: ServerFlight | undefined, chain: readonly Known[]): Check {
  const id = 'server.authorities';
  if (!flight?.isComplete && !flight?.request) {
    return skipped(id, 'what the server asks of its clients could not be read');
  }
  if (!flight.request) {
    return problem(id, 'the server asks for no certificate of its clients, so that it can know no vehicle', {
      next: 'connect to the telemetry listener itself; if a proxy or load balancer stands in front, let it pass TLS through',
    });
  }
  const { authorities } = flight.request;
  if (authorities.length === 0) return ok(id, 'the server asks for a certificate of any authority (it names none)');
  const names = authorities.map(authorityName);
  const details = [
    ...names.slice(0, MOST_SHOWN),
    ...(names.length > MOST_SHOWN ? [`and ${names.length - MOST_SHOWN} more`] : []),
  ];
  const next =
    'let the server name the authorities of its vehicles alone: put them, and nothing else, into tls.ca_file, and no bundle of the system';
  const known = names.filter((name) => publicNames().has(name)).length;
  const stranger = known > 0 ? `, ${known} of them public ones of the web` : '';
  const said = `the server asks for certificates of ${names.length === 1 ? '1 authority' : `${names.length} authorities`}${stranger}`;
  const [leaf] = chain;
  if (leaf) {
    const isWanted = chain.some(({ facts }) => names.includes(nameText(facts.issuer) || NAMELESS));
    if (!isWanted) {
      const missing = `${said}, and ${leaf.issuer} is not among them: vehicles keep their certificate back then`;
      return problem(id, missing, { details, next });
    }
    if (known > 0) return warning(id, `${said}; by name, the vehicle's is among them`, { details, next });
    return ok(id, `${said}; by name, the vehicle's is among them`, details);
  }
  if (known > 0) return problem(id, said, { details, next });
  return ok(id, said, details);
}

const NAMELESS = '(no name)';

/** For people: an authority that a server names. */
export function authorityName(der: Uint8Array): string {
  const read = decodeName(der);
  return read.ok ? nameText(read.value) || NAMELESS : '(unreadable)';
}

let names: ReadonlySet<string> | undefined;

/** Names of the authorities that come with node; read when first needed, as it takes a while. */
function publicNames(): ReadonlySet<string> {
  names ??= new Set(certificatesOf(rootCertificates.join('\n')).map(({ subject }) => subject));
  return names;
}

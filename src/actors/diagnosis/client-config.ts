import { isIP } from 'node:net';
import {
  type ClientConfigFinding,
  type ClientConfigSurroundings,
  type ClientField,
  checkClientConfig,
} from '../../protocols/fleet-telemetry/index.js';
import { certificatesOf, isoOf, isTrusted, type Known } from './certificates.js';
import { type Check, ok, problem, warning } from './check.js';

/** What an operator wants vehicles to be told; what is absent is taken from `from`, or left out. */
export interface ClientConfigRequest {
  /** A client configuration to begin with, as it was parsed. */
  readonly from?: unknown;
  readonly hostname?: string | undefined;
  readonly port?: number | undefined;
  /** PEM. */
  readonly ca?: string | undefined;
  readonly fields?: Readonly<Record<string, ClientField>> | undefined;
  readonly alertTypes?: readonly string[] | undefined;
  readonly preferTyped?: boolean | undefined;
  readonly deliveryPolicy?: string | undefined;
  /** Epoch seconds. */
  readonly exp?: number | undefined;
  /** With some, the whole request of the API is made. */
  readonly vins?: readonly string[] | undefined;
}

/** Of the server that vehicles are to connect to. */
export interface ServerOfClients {
  readonly port?: number | undefined;
  /** Its certificate and what it sends along, PEM. */
  readonly certificates?: string | undefined;
}

export interface ClientConfigResult {
  /** To be sent; as it is, mistakes or not. */
  readonly document: object;
  readonly findings: readonly ClientConfigFinding[];
}

/** A client configuration (spec 7.3), and all that speaks against it. */
export function makeClientConfig(
  request: ClientConfigRequest,
  server: ServerOfClients,
  surroundings: ClientConfigSurroundings,
): ClientConfigResult {
  const begun = request.from === undefined ? undefined : checkClientConfig(request.from, surroundings).inner;
  const sent = certificatesOf(server.certificates ?? '');
  const config = {
    ...begun,
    ...present({
      hostname: request.hostname ?? (begun?.['hostname'] === undefined ? nameOf(sent[0]) : undefined),
      port: request.port ?? (begun?.['port'] === undefined ? server.port : undefined),
      ca: request.ca ?? (begun?.['ca'] === undefined ? rootIn(sent) : undefined),
      fields: request.fields && { ...(begun?.['fields'] as object | undefined), ...request.fields },
      alert_types: request.alertTypes,
      prefer_typed: request.preferTyped,
      delivery_policy: request.deliveryPolicy,
      exp: request.exp,
    }),
  };
  const vins = request.vins ?? [];
  const { config: checked, inner, findings } = checkClientConfig(config, surroundings);
  const more = checked === undefined && typeof inner['ca'] !== 'string' ? [] : judged(inner, sent, surroundings.now);
  return { document: vins.length === 0 ? config : { vins, config }, findings: [...findings, ...more] };
}

/** Whether a vehicle that is told so trusts the server, as far as the server's own files tell. */
function judged(config: Readonly<Record<string, unknown>>, sent: readonly Known[], now: number): ClientConfigFinding[] {
  const { hostname, ca } = config;
  const [leaf] = sent;
  const anchors = typeof ca === 'string' ? certificatesOf(ca) : [];
  const findings: ClientConfigFinding[] = [];
  for (const { facts, subject } of anchors) {
    if (facts.notAfter > now) continue;
    findings.push(mistake('ca', `${subject} expired on ${isoOf(facts.notAfter)}`));
  }
  if (!leaf) {
    findings.push({
      severity: 'warning',
      key: '',
      message: "the server's certificate is not at hand, so that neither hostname nor ca could be held against it",
    });
    return findings;
  }
  if (anchors.length > 0 && !isTrusted(leaf, sent, anchors)) {
    findings.push(mistake('ca', `does not verify the server's certificate, which ${leaf.issuer} has issued`));
  }
  if (leaf.facts.notAfter <= now) {
    findings.push(mistake('', `the server's certificate expired on ${isoOf(leaf.facts.notAfter)}`));
  }
  if (typeof hostname === 'string' && hostname !== '' && !standsFor(leaf, hostname)) {
    const names = leaf.node.subjectAltName ?? 'no name at all';
    findings.push(mistake('hostname', `${hostname} is no name of the server's certificate, which stands for ${names}`));
  }
  return findings;
}

const standsFor = ({ node }: Known, host: string): boolean =>
  (isIP(host) === 0 ? node.checkHost(host, { subject: 'never' }) : node.checkIP(host)) !== undefined;

/** The first DNS name that is one, and no pattern. */
const nameOf = (leaf: Known | undefined): string | undefined =>
  /DNS:([^,*\s]+)(?:,|$)/.exec(leaf?.node.subjectAltName ?? '')?.[1];

/** A root that the server sends along is its vehicles' authority as well. */
const rootIn = (sent: readonly Known[]): string | undefined =>
  sent.find(({ isSelfIssued, node }) => isSelfIssued && node.ca)?.node.toString();

const mistake = (key: string, message: string): ClientConfigFinding => ({ severity: 'mistake', key, message });

function present<T extends object>(members: T): { [Key in keyof T]?: NonNullable<T[Key]> } {
  const given = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [Key in keyof T]?: NonNullable<T[Key]> };
}

/** What `doctor` takes of a client configuration, though it may have mistakes. */
export interface ReadClientConfig {
  readonly hostname?: string;
  readonly port?: number;
  readonly ca?: string;
  /** What is wrong with it, and how it goes with the server that is looked at. */
  checksFor(host: string, port: number): readonly Check[];
}

export function readClientConfig(value: unknown, surroundings: ClientConfigSurroundings): ReadClientConfig {
  const { inner, findings } = checkClientConfig(value, surroundings);
  const { hostname, port, ca } = inner;
  const id = 'client-config';
  const own = findings.map(({ severity, key, message }) => {
    const text = key === '' ? message : `${key} ${message}`;
    const make = severity === 'mistake' ? problem : warning;
    return make(id, `the client configuration: ${text}`, { next: 'correct it and send it to the vehicles again' });
  });
  return {
    ...(typeof hostname === 'string' ? { hostname } : {}),
    ...(Number(port) > 0 ? { port: Number(port) } : {}),
    ...(typeof ca === 'string' ? { ca } : {}),
    checksFor: (host, usedPort) => [
      ...own,
      ...(hostname === host && Number(port) === usedPort
        ? []
        : [
            warning(
              id,
              `the client configuration names ${String(hostname)}:${String(port)}, and not ${host}:${usedPort}`,
              {
                next: 'what follows is said of the latter; leave the argument out to look at the former',
              },
            ),
          ]),
      ...(own.length === 0 ? [ok(id, 'the client configuration is sound')] : []),
    ],
  };
}

import { BlockList, isIP } from 'node:net';
import { SimulationError } from './errors.js';

/** A server to load. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** `host:port`, for people. */
  readonly text: string;
  /** Authorities that the server's certificate may be of, PEM; undefined: those of this machine. */
  readonly ca: string | undefined;
  /** The server's certificate is not verified. */
  readonly isInsecure: boolean;
}

export interface TargetOptions {
  /** `wss://host:port/`. */
  readonly url: string;
  readonly ca?: string | undefined;
  /** Does not verify the server's certificate; for loopback only. @default false */
  readonly insecure?: boolean | undefined;
  /** A host other than this machine that may be loaded: the one in the URL, by the same name. */
  readonly loadHost?: string | undefined;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * What a URL and its options name. A load generator pointed at the wrong server is an attack, so that a server on
 * another machine has to be named twice.
 *
 * @throws SimulationError SIMULATION_TARGET
 */
export function targetOf({ url, ca, insecure = false, loadHost }: TargetOptions): Target {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || (parsed.protocol !== 'wss:' && parsed.protocol !== 'ws:')) {
    throw new SimulationError(
      'SIMULATION_TARGET',
      `${JSON.stringify(url)} is no address to connect to`,
      'write wss://HOST:PORT',
    );
  }
  if (parsed.protocol === 'ws:') {
    throw new SimulationError(
      'SIMULATION_TARGET',
      'vehicles of this protocol connect with TLS only, and show a certificate in it',
      `write wss://${parsed.host}`,
    );
  }
  const host = parsed.hostname.replace(/^\[|\]$/g, '');
  const isLocal = isLoopback(host);
  if (!isLocal && loadHost !== host) {
    throw new SimulationError(
      'SIMULATION_TARGET',
      loadHost === undefined
        ? `${host} is not this machine, and a load generator can bring down what is not meant for it`
        : `the URL names ${host}, but leave is given to load ${loadHost}`,
      `if ${host} is yours to load, say so: --yes-load ${host}`,
    );
  }
  if (insecure && !isLocal) {
    throw new SimulationError(
      'SIMULATION_TARGET',
      `without verifying its certificate, what answers as ${host} may be anybody`,
      '--insecure is for this machine alone; give --ca the authority of the server',
    );
  }
  const port = parsed.port === '' ? 443 : Number(parsed.port);
  return {
    host,
    port,
    path: parsed.pathname + parsed.search,
    text: `${parsed.hostname}:${port}`,
    ca,
    isInsecure: insecure,
  };
}

/** Whether a host is this machine by its name alone: what any other name stands for may change. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() === 'localhost';
  return LOOPBACK.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

/**
 * Who may talk to the HTTP API.
 *
 * Invariants
 * - AUTH-1 Without tokens nothing listens beyond loopback; on loopback whoever can connect is an operator (INS-5).
 * - AUTH-2 A token is compared in constant time, with all configured ones.
 * - AUTH-3 A page of another site reaches nothing through a person's browser: neither by a name that it points at
 *   loopback (`Host`), nor by a request or WebSocket from its own origin (`Origin`).
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { HttpError } from './problem.js';

/** A viewer sees everything that is not secret; an operator may change things too. */
export type Role = 'viewer' | 'operator';

export interface HttpToken {
  /** 16 to 256 letters, digits and `-._~+`, so that it fits a WebSocket subprotocol as well. */
  readonly token: string;
  readonly role: Role;
  /** Who holds it, for the log. @default the role */
  readonly name?: string;
}

export interface HttpAuthOptions {
  /** What the server listens on. */
  readonly host: string;
  readonly tokens?: readonly HttpToken[];
  /** Names of this machine that a proxy in front of a loopback server may use, besides `localhost`. */
  readonly allowedHosts?: readonly string[];
  /**
   * What a caller without a token may see although the host is not loopback. Only for a server of nothing but pages
   * that a peer serves openly too, such as metrics. @default nothing
   */
  readonly anonymousRole?: 'viewer';
}

/** On whose behalf a request is served. */
export interface Principal {
  readonly name: string;
  readonly role: Role;
}

export interface HttpAuth {
  /** Why a request must not be looked at, whoever sent it (AUTH-3). */
  admit(headers: IncomingHttpHeaders): HttpError | undefined;
  /** The caller, if it has `role`; otherwise `HTTP_UNAUTHENTICATED` or `HTTP_FORBIDDEN`. */
  authenticate(headers: IncomingHttpHeaders, role: Role, how?: { webSocket: boolean }): Principal | HttpError;
}

/** What precedes a token among the subprotocols of a WebSocket: a browser cannot send it in any other way. */
export const BEARER_SUBPROTOCOL = 'bearer.';

const VALID_TOKEN = /^[\w.~+-]{16,256}$/;
const RANK: Readonly<Record<Role, number>> = { viewer: 1, operator: 2 };

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (bare === 'localhost') return true;
  return isIP(bare) !== 0 && loopback.check(bare, isIPv6(bare) ? 'ipv6' : 'ipv4');
}

/**
 * Whether a `Host` header is one that no page of another site can bring about: an address, `localhost`, or none, which
 * browsers always send.
 */
export function namesNoOther(host: string | undefined): boolean {
  if (host === undefined) return true;
  const hostname = parseAuthority(host)?.hostname;
  return hostname !== undefined && (isLoopback(hostname) || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0);
}

/** Throws `HTTP_AUTH_REQUIRED` or `HTTP_TOKEN_INVALID` for a configuration that would let anybody in (AUTH-1). */
export function createHttpAuth(options: HttpAuthOptions): HttpAuth {
  const { host, tokens = [], anonymousRole } = options;
  const isLocal = isLoopback(host);
  if (!isLocal && tokens.length === 0 && !anonymousRole) {
    throw new HttpError(
      'HTTP_AUTH_REQUIRED',
      `${host} is not loopback, so the HTTP API needs authentication there: configure at least one token ` +
        '({ token, role: viewer | operator }; `openssl rand -hex 32` makes a good one), or listen on 127.0.0.1',
    );
  }
  const known = tokens.map(({ token, role, name = role }) => {
    if (!VALID_TOKEN.test(token)) {
      throw new HttpError(
        'HTTP_TOKEN_INVALID',
        `the token of ${name} must be 16 to 256 letters, digits or -._~+ (\`openssl rand -hex 32\` makes a good one)`,
      );
    }
    return { digest: digest(token), principal: { name, role } };
  });
  const anonymous: Principal | undefined =
    tokens.length === 0 && isLocal
      ? { name: 'local', role: 'operator' }
      : anonymousRole && { name: 'anonymous', role: anonymousRole };
  const allowedHosts = new Set(options.allowedHosts?.map((name) => name.toLowerCase()));

  return {
    admit(headers) {
      const authority = parseAuthority(headers.host);
      if (isLocal && !(authority && (isLoopback(authority.hostname) || allowedHosts.has(authority.hostname)))) {
        return new HttpError('HTTP_HOST_REFUSED', 'the Host header does not name this machine');
      }
      if (headers.origin !== undefined && !(authority && isSameHost(headers.origin, authority))) {
        return new HttpError('HTTP_ORIGIN_REFUSED', 'requests from pages of another origin are not served');
      }
      return undefined;
    },

    authenticate(headers, role, how) {
      const given = bearer(headers) ?? (how?.webSocket ? subprotocolBearer(headers) : undefined);
      const principal = given === undefined ? anonymous : find(known, given);
      if (principal && RANK[principal.role] >= RANK[role]) return principal;
      if (given === undefined) return new HttpError('HTTP_UNAUTHENTICATED', 'a bearer token is needed');
      if (!principal) return new HttpError('HTTP_UNAUTHENTICATED', 'the bearer token is not known');
      return new HttpError('HTTP_FORBIDDEN', `this needs the role ${role}, the token has ${principal.role}`);
    },
  };
}

const digest = (token: string): Buffer => createHash('sha256').update(token).digest();

/** Looks at every token whatever is found, so that the time taken tells nothing (AUTH-2). */
function find(known: ReadonlyArray<{ digest: Buffer; principal: Principal }>, given: string): Principal | undefined {
  const asked = digest(given);
  let found: Principal | undefined;
  for (const { digest: expected, principal } of known) if (timingSafeEqual(expected, asked)) found = principal;
  return found;
}

function bearer(headers: IncomingHttpHeaders): string | undefined {
  if (headers.authorization === undefined) return undefined;
  // Any other scheme is a credential too, but not one that is known.
  return /^bearer +(\S{1,256})$/i.exec(headers.authorization)?.[1] ?? '';
}

function subprotocolBearer(headers: IncomingHttpHeaders): string | undefined {
  const offered = headers['sec-websocket-protocol']?.split(',').map((name) => name.trim());
  return offered?.find((name) => name.startsWith(BEARER_SUBPROTOCOL))?.slice(BEARER_SUBPROTOCOL.length);
}

/** A sandboxed page's origin is "null", which is nobody's. */
function isSameHost(origin: string, authority: Authority): boolean {
  if (!/^https?:\/\//i.test(origin) || !URL.canParse(origin)) return false;
  const { protocol, host } = new URL(origin);
  // Read with the origin's scheme, whose own port a browser leaves out of both.
  return host === new URL(`${protocol}//${authority.text}`).host;
}

interface Authority {
  readonly text: string;
  readonly hostname: string;
}

function parseAuthority(text: string | undefined): Authority | undefined {
  if (text === undefined || !/^[\w.:[\]-]{1,261}$/.test(text) || !URL.canParse(`http://${text}`)) return undefined;
  return { text, hostname: new URL(`http://${text}`).hostname };
}

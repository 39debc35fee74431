import { type Static, Type } from '@sinclair/typebox';
import { type HttpToken, isLoopback } from './http-auth.js';

const token = Type.Object(
  {
    name: Type.String({ minLength: 1, description: 'Whose it is, for the log.' }),
    role: Type.Union([Type.Literal('viewer'), Type.Literal('operator')], {
      description: 'A viewer reads; an operator also changes things and inspects.',
    }),
    token: Type.Optional(Type.String({ minLength: 1, secret: true, description: 'The bearer token.' })),
    tokenFile: Type.Optional(
      Type.String({ minLength: 1, secretFile: true, description: 'File that holds it, mode 0600.' }),
    ),
  },
  { additionalProperties: false },
);

/** The HTTP API, console, metrics and health of a process. */
export const HttpSchema = Type.Object(
  {
    host: Type.String({ default: '127.0.0.1', minLength: 1, description: 'Address to listen on.' }),
    port: Type.Integer({ default: 8080, minimum: 0, maximum: 65_535, description: 'Its port; 0: one that is free.' }),
    tokens: Type.Array(token, {
      default: [],
      secret: false,
      description: 'Bearer tokens; empty: anybody on this machine is an operator, on a loopback address only.',
    }),
    allowedHosts: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description: 'Names by which a proxy in front of a loopback address may call it, besides localhost.',
    }),
  },
  { additionalProperties: false, default: {}, description: 'The HTTP API, console, metrics and health.' },
);

/** The section as the server takes it: every token with its text. */
export interface HttpConfig {
  readonly host: string;
  readonly port: number;
  readonly tokens: readonly (HttpToken & { readonly name: string })[];
  readonly allowedHosts: readonly string[];
}

/** One thing wrong with, or remarkable in, a section whose types are right. */
export interface SectionFinding {
  readonly code: 'CONFIG_MISSING' | 'CONFIG_CONFLICT' | 'CONFIG_VALUE' | 'CONFIG_UNPROTECTED';
  /** JSON pointer within the section. */
  readonly pointer: string;
  readonly message: string;
  readonly hint?: string;
  /** Other values that the finding rests on; it says nothing if one of them is mistaken itself. */
  readonly dependsOn?: readonly string[];
}

export type SectionResult<T> =
  | { readonly ok: true; readonly value: T; readonly warnings: readonly SectionFinding[] }
  | { readonly ok: false; readonly mistakes: readonly SectionFinding[]; readonly warnings: readonly SectionFinding[] };

/** What fits a header and a WebSocket subprotocol, and is too long to be guessed. */
const validToken = /^[\w.~+-]{16,256}$/;

/** What a section that fits the schema comes to, or what is wrong with it beyond types. */
export function resolveHttp({
  host,
  port,
  tokens,
  allowedHosts,
}: Static<typeof HttpSchema>): SectionResult<HttpConfig> {
  const mistakes: SectionFinding[] = [];
  if (tokens.length === 0 && !isLoopback(host)) {
    mistakes.push({
      code: 'CONFIG_UNPROTECTED',
      pointer: '/host',
      message: `${host} is reachable from other machines and no token is required`,
      hint: 'add http.tokens, or listen on 127.0.0.1',
      dependsOn: ['/tokens'],
    });
  }
  const resolved = tokens.map(({ name, role, token: text = '' }, index) => {
    const pointer = `/tokens/${index}`;
    if (text === '') {
      mistakes.push({ code: 'CONFIG_MISSING', pointer, message: 'no token', hint: 'set token or tokenFile' });
    } else if (!validToken.test(text)) {
      const message = `the token of ${name} is not 16 to 256 letters, digits and -._~+`;
      mistakes.push({ code: 'CONFIG_VALUE', pointer, message, hint: 'make one with: openssl rand -hex 32' });
    }
    if (tokens.findIndex((other) => other.name === name) < index) {
      const message = `another token is named ${name}, too`;
      mistakes.push({ code: 'CONFIG_CONFLICT', pointer: `${pointer}/name`, message, hint: 'give each its own name' });
    }
    return { name, role, token: text };
  });
  if (mistakes.length > 0) return { ok: false, mistakes, warnings: [] };
  return { ok: true, value: { host, port, tokens: resolved, allowedHosts }, warnings: [] };
}

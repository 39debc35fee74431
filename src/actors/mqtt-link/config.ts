import { type Static, Type } from '@sinclair/typebox';
import { brokerUrl } from '../../protocols/fleet-telemetry/broker-url.js';
import { isLoopback } from '../../runtime/http/http-auth.js';
import type { SectionFinding, SectionResult } from '../../runtime/http/http-config.js';
import type { MqttLinkOptions } from './options.js';

const file = (description: string) => Type.Optional(Type.String({ minLength: 1, secret: false, description }));

/** How the roles of a process reach their broker: keys of a section. */
export const linkKeys = {
  broker: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        'host:port or URL (tcp, mqtt, ssl, tls, mqtts, mqtt+ssl, tcps, ws, wss) of another broker than the embedded one. A role whose own section names a broker uses that.',
    }),
  ),
  username: Type.Optional(Type.String({ minLength: 1, description: 'User name of the links.' })),
  password: Type.Optional(Type.String({ minLength: 1, secret: true, description: 'Its password.' })),
  passwordFile: Type.Optional(
    Type.String({ minLength: 1, secretFile: true, description: 'File that holds it, mode 0600.' }),
  ),
  tls: Type.Object(
    {
      caFile: file("PEM file with the CAs of the broker's certificate, instead of the system's."),
      certFile: file('PEM file with a client certificate.'),
      keyFile: file('PEM file with its private key, mode 0600.'),
    },
    { additionalProperties: false, default: {}, description: 'TLS to `broker`.' },
  ),
  keepAliveS: Type.Integer({
    default: 30,
    minimum: 1,
    maximum: 65_535,
    unit: 'seconds',
    description: 'MQTT keep-alive.',
  }),
  connectTimeoutMs: Type.Integer({
    default: 30_000,
    minimum: 100,
    maximum: 600_000,
    unit: 'milliseconds',
    description: 'For the broker to accept a link.',
  }),
};

const keysObject = Type.Object(linkKeys);

/** What all links of a process share. */
export interface LinkSettings extends Pick<MqttLinkOptions, 'username' | 'password' | 'tls' | 'keepAliveS'> {
  /** Undefined: the embedded broker. */
  readonly broker?: string;
  readonly connectTimeoutMs: number;
}

/** What keys that fit the schema come to, or what is wrong with them beyond types. */
export function resolveLink(keys: Static<typeof keysObject>): SectionResult<LinkSettings> {
  const mistakes: SectionFinding[] = [];
  const { broker, username, password, tls, keepAliveS, connectTimeoutMs } = keys;
  const url = broker === undefined ? undefined : brokerUrl(broker);
  if (url && !url.ok) mistakes.push({ code: 'CONFIG_VALUE', pointer: '/broker', message: url.error.detail });
  if ((tls.certFile === undefined) !== (tls.keyFile === undefined)) {
    const message = 'certFile and keyFile come as a pair';
    mistakes.push({ code: 'CONFIG_CONFLICT', pointer: '/tls', message, hint: 'give both, or none' });
  }
  if (mistakes.length > 0) return { ok: false, mistakes, warnings: [] };
  const value: LinkSettings = {
    keepAliveS,
    connectTimeoutMs,
    tls,
    ...(broker === undefined ? {} : { broker }),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
  return { ok: true, value, warnings: [] };
}

/** Where a broker listens; every name of this machine is one place. */
export function placeOf(text: string): string {
  const url = brokerUrl(text);
  if (!url.ok) return text;
  const { protocol, hostname, port } = url.value;
  const isSecure = protocol === 'mqtts:' || protocol === 'wss:';
  return `${isLoopback(hostname) ? 'localhost' : hostname}:${port || (isSecure ? 8883 : 1883)}`;
}

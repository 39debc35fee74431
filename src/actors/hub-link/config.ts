import { type Static, Type } from '@sinclair/typebox';
import type { CloudIdentity } from '../../protocols/ditto/index.js';
import { brokerUrl } from '../../protocols/fleet-telemetry/broker-url.js';
import type { SectionFinding, SectionResult } from '../../runtime/http/http-config.js';
import type { LinkTlsFiles } from '../mqtt-link/index.js';

/** What stands between two levels of a topic, or for any of them, is no part of a name (PCL-3). */
const NAME = {
  minLength: 1,
  maxLength: 128,
  pattern: '^[^/+#\\s\\u0000-\\u001f]+$',
  expects: 'a name without blanks, /, + and #',
};

const file = (description: string) => Type.Optional(Type.String({ minLength: 1, secret: false, description }));

/** The section `hub` of a vehicle: its cloud connector. */
export const HubLinkSchema = Type.Object(
  {
    url: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'host:port or URL (tcp, mqtt, ssl, tls, mqtts, ws, wss) of the broker of the hub. Without it the roles of the vehicle are told which thing it is, and nothing leaves it.',
      }),
    ),
    deviceId: Type.String({ ...NAME, description: 'Id of the vehicle in the cloud, as its certificate has it.' }),
    namespace: Type.String({
      ...NAME,
      pattern: '^[^/+#:\\s\\u0000-\\u001f]+$',
      expects: 'a name without blanks, /, +, # and colons',
      default: 'fleetchart',
      description: 'Stands before the id, with a colon: together they are the id of the thing.',
    }),
    tenantId: Type.String({ ...NAME, default: 'defaultTenant', description: 'Whose vehicle it is, in the cloud.' }),
    policyId: Type.Optional(Type.String({ minLength: 1, description: 'Policy of the things, as namespace:name.' })),
    username: Type.Optional(Type.String({ minLength: 1, description: 'User name at the hub.' })),
    password: Type.Optional(Type.String({ minLength: 1, secret: true, description: 'Its password.' })),
    passwordFile: Type.Optional(
      Type.String({ minLength: 1, secretFile: true, description: 'File that holds it, mode 0600.' }),
    ),
    caFile: file("PEM file with the CAs of the hub's certificate, instead of the system's."),
    certFile: file("PEM file with the vehicle's certificate."),
    keyFile: file('PEM file with its private key, mode 0600.'),
    outboxBytes: Type.Integer({
      default: 16_777_216,
      minimum: 65_536,
      maximum: 17_179_869_184,
      unit: 'bytes',
      description: 'What is kept for the hub while it is away; past it the oldest is dropped and counted.',
    }),
  },
  {
    additionalProperties: false,
    description: 'The cloud connector: carries messages of the vehicle to the hub, and commands back.',
  },
);

/** What a hub link is made from. */
export interface HubLinkSettings {
  readonly identity: CloudIdentity;
  /** Absent: there is no hub, and everything stays in the vehicle. */
  readonly upstream?: {
    readonly url: string;
    readonly username?: string;
    readonly password?: string;
    readonly tls: LinkTlsFiles;
  };
  readonly outboxBytes: number;
}

/** What a section that fits the schema comes to, or what is wrong with it beyond types. */
export function resolveHubLink(section: Static<typeof HubLinkSchema>): SectionResult<HubLinkSettings> {
  const { url, deviceId, namespace, tenantId, policyId, outboxBytes, username, password } = section;
  const { caFile, certFile, keyFile } = section;
  const mistakes: SectionFinding[] = [];
  const address = url === undefined ? undefined : brokerUrl(url);
  if (address && !address.ok) mistakes.push({ code: 'CONFIG_VALUE', pointer: '/url', message: address.error.detail });
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const message = 'certFile and keyFile come as a pair';
    mistakes.push({ code: 'CONFIG_CONFLICT', pointer: '', message, hint: 'give both, or none' });
  }
  if (mistakes.length > 0) return { ok: false, mistakes, warnings: [] };
  const tls = {
    ...(caFile === undefined ? {} : { caFile }),
    ...(certFile === undefined ? {} : { certFile }),
    ...(keyFile === undefined ? {} : { keyFile }),
  };
  const login = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
  const value: HubLinkSettings = {
    identity: { deviceId, namespace, tenantId, ...(policyId === undefined ? {} : { policyId }) },
    outboxBytes,
    ...(url === undefined ? {} : { upstream: { url, tls, ...login } }),
  };
  return { ok: true, value, warnings: [] };
}

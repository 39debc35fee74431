import { type Static, Type } from '@sinclair/typebox';
import { isLoopback } from '../../runtime/http/http-auth.js';
import type { SectionFinding, SectionResult } from '../../runtime/http/http-config.js';

const user = Type.Object(
  {
    name: Type.String({ minLength: 1, description: 'User name of the client; of a vehicle, its device id.' }),
    role: Type.Union([Type.Literal('service'), Type.Literal('vehicle')], {
      default: 'service',
      description: 'A service reaches every topic, a vehicle those of its own things alone.',
    }),
    password: Type.Optional(Type.String({ minLength: 1, secret: true, description: 'Its password.' })),
    passwordFile: Type.Optional(
      Type.String({ minLength: 1, secretFile: true, description: 'File that holds it, mode 0600.' }),
    ),
  },
  { additionalProperties: false },
);

const file = (description: string) => Type.String({ minLength: 1, secret: false, description });

const tls = Type.Object(
  {
    certFile: file("PEM file with the broker's certificate, and the authorities above it."),
    keyFile: file('PEM file with its private key, mode 0600.'),
    clientCaFile: Type.Optional(
      file(
        'PEM file with the authorities of clients. With it every client needs a certificate; one that gives no user name is the vehicle whose device id is the common name.',
      ),
    ),
  },
  { additionalProperties: false, description: 'Speak TLS. Files that change are read again.' },
);

/** A level of a topic, as a part of the id of a thing. */
const thingPart = (description: string, fallback: string) =>
  Type.String({
    minLength: 1,
    maxLength: 128,
    pattern: '^[^/+#:\\s\\u0000-\\u001f]+$',
    expects: 'a name without blanks, /, +, # and colons',
    default: fallback,
    description,
  });

export const EmbeddedBrokerSchema = Type.Object(
  {
    enabled: Type.Boolean({ default: false, description: 'Run a broker in this process.' }),
    host: Type.String({ default: '127.0.0.1', minLength: 1, description: 'Address it listens on.' }),
    port: Type.Integer({ default: 1883, minimum: 0, maximum: 65_535, description: 'Its port; 0: one that is free.' }),
    users: Type.Array(user, {
      default: [],
      secret: false,
      description:
        'Who may connect by password; empty, and without tls.clientCaFile: anybody, on a loopback address only.',
    }),
    tls: Type.Optional(tls),
    tenantId: thingPart('Whose the vehicles among the clients are.', 'defaultTenant'),
    namespace: thingPart(
      'Stands before the device id of each vehicle, with a colon: the id of its thing.',
      'fleetchart',
    ),
    maxPacketBytes: Type.Integer({
      default: 1024 * 1024,
      minimum: 1024,
      maximum: 256 * 1024 * 1024,
      unit: 'bytes',
      description: 'Larger packets end the connection (MQT-3).',
    }),
    offlineMessages: Type.Integer({
      default: 1000,
      minimum: 0,
      maximum: 10_000_000,
      description: 'Messages kept for a client that is away; the oldest are dropped and counted (MQT-3).',
    }),
    offlineBytes: Type.Integer({
      default: 10 * 1024 * 1024,
      minimum: 0,
      unit: 'bytes',
      description: 'Likewise by size (MQT-3).',
    }),
    sessions: Type.Integer({
      default: 10_000,
      minimum: 1,
      maximum: 1_000_000,
      description: 'Persistent sessions; a new one takes the place of the one away the longest (MQT-4).',
    }),
    sessionExpiryMs: Type.Integer({
      default: 30 * 86_400_000,
      minimum: 1000,
      unit: 'milliseconds',
      description: 'How long the session of a client that is away is kept (MQT-4).',
    }),
    retainedMessages: Type.Integer({
      default: 100_000,
      minimum: 0,
      maximum: 10_000_000,
      description: 'Retained messages; what goes past it is delivered, not retained (MQT-4).',
    }),
    drainTimeoutMs: Type.Integer({
      default: 15_000,
      minimum: 100,
      maximum: 600_000,
      unit: 'milliseconds',
      description: 'A client that does not read for so long is disconnected (MQT-3).',
    }),
    queueLimit: Type.Integer({
      default: 1000,
      minimum: 1,
      maximum: 1_000_000,
      description: 'Packets that a client may send before its CONNECT is answered (MQT-5).',
    }),
  },
  { additionalProperties: false, default: {}, description: 'The embedded MQTT broker.' },
);

/** The hub's own MQTT broker; what it publishes to another one stands with the dispatchers. */
export const MqttSchema = Type.Object(
  { embedded: EmbeddedBrokerSchema },
  { additionalProperties: false, default: {}, description: 'MQTT.' },
);

export interface BrokerUser {
  readonly name: string;
  readonly role: 'service' | 'vehicle';
  readonly password: string;
}

/** The section as the broker takes it: every user with a password. */
export interface MqttConfig {
  readonly embedded: Readonly<Omit<Static<typeof EmbeddedBrokerSchema>, 'users'>> & {
    readonly users: readonly BrokerUser[];
  };
}

/** Whether a name can be a level of a topic, or begin one: nothing in it stands for any other. */
export const isDeviceId = (name: string): boolean => /^[^/+#:\s\p{Cc}]{1,128}$/u.test(name);

/** What a section that fits the schema comes to, or what is wrong with it beyond types. */
export function resolveMqtt({ embedded }: Static<typeof MqttSchema>): SectionResult<MqttConfig> {
  const mistakes: SectionFinding[] = [];
  const warnings: SectionFinding[] = [];
  const { enabled, host } = embedded;
  const isExposed = enabled && !isLoopback(host);
  const asksWho = embedded.users.length > 0 || embedded.tls?.clientCaFile !== undefined;
  if (isExposed && !asksWho) {
    mistakes.push({
      code: 'CONFIG_UNPROTECTED',
      pointer: '/embedded/host',
      message: `${host} is reachable from other machines and no user is required`,
      hint: 'add mqtt.embedded.users or mqtt.embedded.tls.clientCaFile, or listen on 127.0.0.1',
      dependsOn: ['/embedded/users', '/embedded/tls'],
    });
  } else if (isExposed && embedded.tls === undefined) {
    warnings.push({
      code: 'CONFIG_UNPROTECTED',
      pointer: '/embedded/host',
      message: `${host} is reachable from other machines, and passwords and messages cross the network in clear`,
      hint: 'add mqtt.embedded.tls',
    });
  }
  const users = embedded.users.map(({ name, role, password = '' }, index) => {
    const pointer = `/embedded/users/${index}`;
    if (password === '') {
      mistakes.push({ code: 'CONFIG_MISSING', pointer, message: 'no password', hint: 'set password or passwordFile' });
    }
    if (role === 'vehicle' && !isDeviceId(name)) {
      mistakes.push({
        code: 'CONFIG_VALUE',
        pointer: `${pointer}/name`,
        message: `${JSON.stringify(name)} is no device id: blanks, /, +, # and colons are no part of one`,
      });
    }
    return { name, role, password };
  });
  if (mistakes.length > 0) return { ok: false, mistakes, warnings: [] };
  return { ok: true, value: { embedded: { ...embedded, users } }, warnings };
}

import { type Static, Type } from '@sinclair/typebox';
import { isLoopback } from '../../runtime/http/http-auth.js';
import type { SectionFinding, SectionResult } from '../../runtime/http/http-config.js';

const user = Type.Object(
  {
    name: Type.String({ minLength: 1, description: 'User name of the client.' }),
    password: Type.Optional(Type.String({ minLength: 1, secret: true, description: 'Its password.' })),
    passwordFile: Type.Optional(
      Type.String({ minLength: 1, secretFile: true, description: 'File that holds it, mode 0600.' }),
    ),
  },
  { additionalProperties: false },
);

export const EmbeddedBrokerSchema = Type.Object(
  {
    enabled: Type.Boolean({ default: false, description: 'Run a broker in this process.' }),
    host: Type.String({ default: '127.0.0.1', minLength: 1, description: 'Address it listens on.' }),
    port: Type.Integer({ default: 1883, minimum: 0, maximum: 65_535, description: 'Its port; 0: one that is free.' }),
    users: Type.Array(user, {
      default: [],
      secret: false,
      description: 'Who may connect; empty: anybody, on a loopback address only.',
    }),
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

/** The section as the broker takes it: every user with a password. */
export interface MqttConfig {
  readonly embedded: Readonly<Omit<Static<typeof EmbeddedBrokerSchema>, 'users'>> & {
    readonly users: readonly { readonly name: string; readonly password: string }[];
  };
}

/** What a section that fits the schema comes to, or what is wrong with it beyond types. */
export function resolveMqtt({ embedded }: Static<typeof MqttSchema>): SectionResult<MqttConfig> {
  const mistakes: SectionFinding[] = [];
  if (embedded.enabled && embedded.users.length === 0 && !isLoopback(embedded.host)) {
    mistakes.push({
      code: 'CONFIG_UNPROTECTED',
      pointer: '/embedded/host',
      message: `${embedded.host} is reachable from other machines and no user is required`,
      hint: 'add mqtt.embedded.users, or listen on 127.0.0.1',
      dependsOn: ['/embedded/users'],
    });
  }
  const users = embedded.users.map(({ name, password = '' }, index) => {
    if (password === '') {
      const pointer = `/embedded/users/${index}`;
      mistakes.push({ code: 'CONFIG_MISSING', pointer, message: 'no password', hint: 'set password or passwordFile' });
    }
    return { name, password };
  });
  if (mistakes.length > 0) return { ok: false, mistakes, warnings: [] };
  return { ok: true, value: { embedded: { ...embedded, users } }, warnings: [] };
}

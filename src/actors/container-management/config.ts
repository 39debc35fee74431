import { type TSchema, Type } from '@sinclair/typebox';
import { MANAGEMENT_KEYS, type ManagementKey } from './config-keys.js';

const PEER = { additionalProperties: false, peer: 'kanto' };

const GROUPS: Readonly<Record<string, string>> = {
  '': 'Container management, as in its config.json.',
  log: 'Where the log goes.',
  deployment: 'Descriptors in a folder.',
  manager: 'The manager of containers.',
  containers: 'Images and registries.',
  network: 'Accepted without effect: the engine has its own networks.',
  'network.default_bridge': 'Accepted without effect.',
  grpc_server: 'Accepted without effect: the gRPC API is not offered.',
  things: 'The containers as features of a thing.',
  update_agent: 'The update agent.',
  connection: 'How the broker is reached.',
  'connection.transport': 'TLS to the broker.',
  fleetchart: 'Keys of our own.',
};

function schemaOf({ kind, default: byDefault, choices, isSecret, description }: ManagementKey): TSchema {
  const options = { description, default: byDefault, ...(isSecret === undefined ? {} : { secret: isSecret }) };
  if (choices)
    return Type.Union(
      choices.map((choice) => Type.Literal(choice)),
      options,
    );
  switch (kind) {
    case 'text':
      return Type.String(options);
    case 'duration':
      return Type.String({ ...options, expects: 'a duration such as "30s"' });
    case 'stopTimeout':
      return Type.Union([Type.String(), Type.Integer()], {
        ...options,
        expects: 'a duration such as "30s", or whole seconds',
      });
    case 'flag':
      return Type.Boolean(options);
    case 'count':
      return Type.Integer(options);
    case 'list':
      return Type.Array(Type.String(), options);
    case 'pairs':
      return Type.Record(Type.String(), Type.String(), options);
  }
}

/** A file that names no password shows who is who; one that does hides the password alone. */
const registry = Type.Object(
  {
    credentials: Type.Optional(
      Type.Object(
        {
          user_id: Type.Optional(Type.String({ description: 'User name.' })),
          password: Type.Optional(Type.String({ description: 'Its password.', secret: true })),
        },
        { ...PEER, secret: false, description: 'Anonymous without.' },
      ),
    ),
    transport: Type.Optional(
      Type.Object(
        {
          root_ca: Type.Optional(Type.String({ description: 'PEM file of the CA of the registry.' })),
          client_cert: Type.Optional(Type.String({ description: 'PEM file of the certificate to show to it.' })),
          client_key: Type.Optional(Type.String({ description: 'PEM file of its key.', secret: false })),
        },
        { ...PEER, description: 'All three together.' },
      ),
    ),
  },
  { ...PEER, description: 'How a registry is reached.' },
);

function group(path: string): TSchema {
  const prefix = path === '' ? '' : `${path}.`;
  const own = MANAGEMENT_KEYS.filter((key) => key.path.startsWith(prefix));
  const properties: Record<string, TSchema> = {};
  for (const key of own) {
    const [name = '', ...deeper] = key.path.slice(prefix.length).split('.');
    if (deeper.length === 0) properties[name] = Type.Optional(schemaOf(key));
    else properties[name] ??= Type.Optional(group(`${prefix}${name}`));
  }
  if (path === 'containers') {
    properties['registry_configurations'] = Type.Optional(
      Type.Record(Type.String(), registry, { description: '`host[:port]` → how it is reached (REG-2).' }),
    );
  }
  return Type.Object(properties, { ...PEER, description: GROUPS[path] ?? '' });
}

/** The reference's config.json, also as a section of a vehicle's configuration. */
export const ContainerManagementSchema = group('') as ReturnType<typeof Type.Object>;

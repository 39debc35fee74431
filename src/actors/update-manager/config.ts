import { type TSchema, Type } from '@sinclair/typebox';
import { PHASE_COMMANDS } from '../../protocols/update-agent/index.js';
import { AGENT_KEYS, MANAGER_KEYS, type ManagerKey } from './config-keys.js';

const schemaOf = ({ kind, default: byDefault, choices, isSecret, description }: ManagerKey): TSchema => {
  const options = { description, ...(isSecret === undefined ? {} : { secret: isSecret }) };
  if (choices)
    return Type.Optional(
      Type.Union(
        choices.map((choice) => Type.Literal(choice)),
        options,
      ),
    );
  const withDefault = { ...options, default: byDefault };
  switch (kind) {
    case 'text':
      return Type.Optional(Type.String(withDefault));
    case 'duration':
      return Type.Optional(Type.String({ ...withDefault, expects: 'a duration such as "30s"' }));
    case 'flag':
      return Type.Optional(Type.Boolean(withDefault));
    case 'count':
      return Type.Optional(Type.Integer(withDefault));
    case 'commands':
      return Type.Optional(Type.Array(Type.Union(PHASE_COMMANDS.map((name) => Type.Literal(name))), withDefault));
  }
};

const PEER = { additionalProperties: false, peer: 'kanto' };

const group = (
  keys: readonly ManagerKey[],
  prefix: string,
  description: string,
  more: Record<string, TSchema> = {},
) => {
  const own = keys.filter(({ path }) => path.startsWith(prefix) && !path.slice(prefix.length).includes('.'));
  const properties = Object.fromEntries(own.map((each) => [each.path.slice(prefix.length), schemaOf(each)]));
  return Type.Object({ ...properties, ...more }, { ...PEER, description });
};

/** The reference's config.json as a section of a vehicle's configuration. */
export const UpdateManagerSchema = group(MANAGER_KEYS, '', 'The update manager, as in its config.json.', {
  agents: Type.Optional(
    Type.Record(
      Type.String(),
      group(AGENT_KEYS, '', 'The update agent of a domain.', {
        name: Type.Optional(Type.String({ description: 'Accepted without effect.' })),
      }),
      { description: 'Domain → its update agent. Absent: `containers`.' },
    ),
  ),
  connection: Type.Optional(group(MANAGER_KEYS, 'connection.', 'How the broker is reached.')),
  log: Type.Optional(group(MANAGER_KEYS, 'log.', 'Where the log goes.')),
});

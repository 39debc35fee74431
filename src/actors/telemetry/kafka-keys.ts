/** The section of the `kafka` dispatcher: librdkafka's properties (FT-KAF-2). */
import { Type } from '@sinclair/typebox';
import { type KafkaProperty, kafkaProperties } from '../../protocols/fleet-telemetry/kafka-properties.js';
import { text } from './key-types.js';

/** Private keys, which nobody else should read. */
const KEY_FILES: ReadonlySet<string> = new Set(['ssl.key.location', 'ssl.keystore.location']);

/** Those whose names do not say that they hold a password. */
const SECRETS: ReadonlySet<string> = new Set(['sasl.oauthbearer.config']);

/** What it accepts is judged where it is read, for a text may stand for a number or a switch. */
const keyOf = (name: string, property: KafkaProperty) => {
  const hasDefault = 'default' in property && property.default !== '';
  return Type.Optional(
    Type.Union([Type.String(), Type.Number(), Type.Boolean()], {
      description: `${property.note}${hasDefault ? ` Default: ${property.default}.` : ''}`,
      expects: expectationOf(property),
      ...(KEY_FILES.has(name) ? { secret: false, secretFile: 'inPlace' } : {}),
      ...(SECRETS.has(name) ? { secret: true } : {}),
    }),
  );
};

function expectationOf(property: KafkaProperty): string {
  switch (property.kind) {
    case 'integer':
      return `${property.mayBeDecimal ? 'a number' : 'an integer'} from ${property.min} to ${property.max}`;
    case 'flag':
      return 'true or false';
    case 'choice':
      return `one of ${property.values.join(', ')}`;
    default:
      return 'a string, a number, or true or false';
  }
}

/** Names that librdkafka does not have are mistakes here as there. */
export const kafkaKeys = Type.Object(
  Object.fromEntries(Object.entries(kafkaProperties).map(([name, property]) => [name, keyOf(name, property)])),
  {
    additionalProperties: false,
    hidesUnknown: true,
    description: 'The `kafka` dispatcher, by the properties of librdkafka.',
  },
);

export const ownKafkaKeys = {
  kafkaPassword: text('Password of the kafka dispatcher, instead of kafka.sasl.password.', { secret: true }),
  kafkaPasswordFile: text('File that holds it, mode 0600.', { secretFile: true, minLength: 1 }),
  kafkaKeyPassword: text('Of the private key or key store of the kafka dispatcher, instead of the one there.', {
    secret: true,
  }),
  kafkaKeyPasswordFile: text('File that holds it, mode 0600.', { secretFile: true, minLength: 1 }),
};

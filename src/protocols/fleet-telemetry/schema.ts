import protobuf from 'protobufjs/light.js';
import { ENUM_NAMES } from './enum-names.js';
import { FIELD_NAMES } from './field-names.js';
import {
  DATA_PACKAGE,
  ENUM_PACKAGES,
  type KnownTopic,
  MESSAGES,
  type MessageRow,
  ROOT_MESSAGES,
  TEXT_MAP,
} from './messages.js';
import { camelCase } from './value-members.js';

type Nested = Record<string, protobuf.AnyNestedObject>;

interface SchemaOptions {
  /**
   * Whether the members of `Value` stay a oneof group. Without it protobufjs 8 decodes three times as fast, as it does
   * not delete the other members of each message (ING-3). Nothing changes on the wire, but which of several members
   * came last is lost: only for payloads whose values have one member each.
   */
  readonly keepOneof: boolean;
}

/** The messages and enums of section 3 as protobufjs types: what the files in `proto/fleet-telemetry` say. */
export function createSchema({ keepOneof }: SchemaOptions): protobuf.Root {
  const packages = new Map<string, Nested>();
  const add = (packageName: string, name: string, descriptor: protobuf.AnyNestedObject): void => {
    const nested = packages.get(packageName) ?? {};
    packages.set(packageName, nested);
    nested[name] = descriptor;
  };
  for (const [name, message] of Object.entries(MESSAGES)) {
    add(message.package, name, messageDescriptor(message, keepOneof));
  }
  for (const [name, values] of [['Field', FIELD_NAMES] as const, ...ENUM_NAMES]) {
    const numbers = values.map((value, number) => [value, number] as const);
    add(ENUM_PACKAGES[name] ?? DATA_PACKAGE, name, { values: Object.fromEntries(numbers) });
  }
  add('google.protobuf', 'Timestamp', {
    fields: { seconds: { type: 'int64', id: 1 }, nanos: { type: 'int32', id: 2 } },
  });

  const root = new protobuf.Root();
  for (const [name, nested] of packages) root.define(name, nested);
  root.resolveAll();
  return root;
}

/** The types of whole payloads, by topic. */
export function createRootTypes(options: SchemaOptions): Readonly<Record<KnownTopic, protobuf.Type>> {
  const schema = createSchema(options);
  if (!options.keepOneof) hideDefaults(schema.lookupType('telemetry.vehicle_data.Value'));
  const rootType = (name: string): protobuf.Type => schema.lookupType(`${MESSAGES[name]?.package}.${name}`);
  return {
    V: rootType(ROOT_MESSAGES.V),
    alerts: rootType(ROOT_MESSAGES.alerts),
    errors: rootType(ROOT_MESSAGES.errors),
    connectivity: rootType(ROOT_MESSAGES.connectivity),
  };
}

/** Has objects of a type show only what is set: of a oneof, a member that is not set is not worth its default. */
function hideDefaults(type: protobuf.Type): void {
  const prototype = type.ctor.prototype as unknown as Record<string, unknown>;
  for (const { name } of type.fieldsArray) delete prototype[name];
}

function messageDescriptor(message: MessageRow, keepOneof: boolean): protobuf.IType {
  const fields: Record<string, protobuf.IField | protobuf.IMapField> = {};
  const members: string[] = [];
  for (const [id, protoName, type, form] of message.fields) {
    const name = camelCase(protoName);
    if (type === TEXT_MAP) fields[name] = { keyType: 'string', type: 'string', id };
    else fields[name] = form === 'repeated' ? { rule: 'repeated', type, id } : { type, id };
    if (form === 'oneof value') members.push(name);
  }
  if (members.length === 0) return { fields };
  // Members that hold their default must still be told from absent ones.
  return keepOneof
    ? { fields, oneofs: { value: { oneof: members } } }
    : { fields, options: { features: { field_presence: 'EXPLICIT' } } };
}

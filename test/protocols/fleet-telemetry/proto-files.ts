import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

const FOLDER = new URL('../../../../proto/fleet-telemetry/', import.meta.url);

const PROTO_FILES = [
  'vehicle_data.proto',
  'vehicle_alert.proto',
  'vehicle_error.proto',
  'vehicle_connectivity.proto',
  'vehicle_metric.proto',
] as const;

/** The schema as a user of the .proto files gets it: the yardstick for what is built without them. */
export function parseProtoFiles(): protobuf.Root {
  const root = new protobuf.Root();
  root.addJSON(protobuf.common.get('google/protobuf/timestamp.proto')?.nested ?? {});
  for (const name of PROTO_FILES) protobuf.parse(readFileSync(new URL(name, FOLDER), 'utf8'), root);
  return root.resolveAll() as protobuf.Root;
}

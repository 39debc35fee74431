import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { replacePrivate } from '../private-file.js';
import { ImageError } from './errors.js';
import type { Registries, Registry } from './registries.js';

/** As in the reference's own configuration (REG-1), so that a section can be moved from one file to the other. */
const FILE = Type.Object({
  containers: Type.Object({
    registry_configurations: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Object({
          credentials: Type.Optional(Type.Object({ user_id: Type.String(), password: Type.String() })),
          transport: Type.Optional(
            Type.Object({ root_ca: Type.String(), client_cert: Type.String(), client_key: Type.String() }),
          ),
        }),
      ),
    ),
    insecure_registries: Type.Optional(Type.Array(Type.String())),
  }),
});

const OTHERS = 0o077;
const LARGEST_BYTES = 1024 * 1024;

/**
 * The registries of a file that only its owner may read; none if there is no file. Errors never show what stands in it.
 *
 * @throws ImageError `IMAGE_REGISTRIES` with what to do
 */
export function readRegistries(file: string): Registries {
  const text = readChecked(file);
  if (text === undefined) return { entries: {}, insecure: [] };
  const { registry_configurations = {}, insecure_registries = [] } = parsed(file, text).containers;
  const entries = Object.entries(registry_configurations).map(([host, { credentials, transport }]) => {
    const registry: Registry = {
      ...(credentials ? { credentials: { user: credentials.user_id, password: credentials.password } } : {}),
      ...(transport
        ? {
            transport: {
              rootCa: transport.root_ca,
              clientCert: transport.client_cert,
              clientKey: transport.client_key,
            },
          }
        : {}),
    };
    return [host, registry] as const;
  });
  return { entries: Object.fromEntries(entries), insecure: insecure_registries };
}

/** Replaces the file as a whole, mode 0600. */
export async function writeRegistries(file: string, { entries, insecure }: Registries): Promise<void> {
  const registry_configurations = Object.fromEntries(
    Object.entries(entries).map(([host, { credentials, transport }]) => [
      host,
      {
        ...(credentials ? { credentials: { user_id: credentials.user, password: credentials.password } } : {}),
        ...(transport
          ? {
              transport: {
                root_ca: transport.rootCa,
                client_cert: transport.clientCert,
                client_key: transport.clientKey,
              },
            }
          : {}),
      },
    ]),
  );
  const content: Static<typeof FILE> = { containers: { registry_configurations, insecure_registries: [...insecure] } };
  try {
    await replacePrivate(file, `${JSON.stringify(content, null, 2)}\n`);
  } catch (cause) {
    throw new ImageError('IMAGE_REGISTRIES', `cannot write ${file}: ${(cause as Error).message}`, { cause });
  }
}

/** What is checked is what is read, even if the name means another file a moment later. */
function readChecked(file: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ImageError('IMAGE_REGISTRIES', `cannot read ${file}: ${(cause as Error).message}`, { cause });
  }
  try {
    const { mode, uid, size } = fstatSync(descriptor);
    const refuse = (reason: string): never => {
      throw new ImageError('IMAGE_REGISTRIES', `${file} ${reason}`);
    };
    if (uid !== process.getuid?.() && uid !== 0) refuse(`belongs to user ${uid}: chown it to the user of this process`);
    if ((mode & OTHERS) !== 0) refuse('holds passwords and can be read by others: chmod 600');
    if (size > LARGEST_BYTES) refuse(`is larger than ${LARGEST_BYTES} bytes: check the path`);
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

function parsed(file: string, text: string): Static<typeof FILE> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // The parser's own words repeat the text.
    throw new ImageError('IMAGE_REGISTRIES', `${file} is no JSON: correct it`);
  }
  if (Value.Check(FILE, content)) return content;
  const first = Value.Errors(FILE, content).First();
  throw new ImageError('IMAGE_REGISTRIES', `${file} ${first?.path ?? ''}: ${first?.message.toLowerCase() ?? 'wrong'}`);
}

import { chmod, realpath, stat } from 'node:fs/promises';
import {
  addRegistry,
  isRegistryHost,
  listRegistries,
  type RegistryEdit,
  removeRegistries,
} from '../actors/container-management/index.js';
import { readIfPresent, writePrivateFile } from '../actors/provisioning/index.js';
import { maxFileBytes, readBounded } from '../config/read-file.js';
import { configOf } from '../hub-config.js';
import { checkVehicleConfig, looksLikeVehicle } from '../vehicle-config.js';
import type { ProvisionIo } from './provision.js';
import type { AddOptions, ListOptions, RemoveOptions } from './provision-registry.js';

/** As other commands of `provision` end: 2 wrong usage, 5 files. */
const EXIT = { usage: 2, files: 5 } as const;
/** Word for word as the reference's tool. */
const UNCHANGED = 'No difference to existing configuration.';

class RegistryFailure extends Error {
  constructor(
    message: string,
    readonly exitCode: number,
  ) {
    super(message);
  }
}

/** Adds a registry, or exchanges its credentials. */
export function addToFile(host: string, options: AddOptions, io: ProvisionIo): Promise<void> {
  return reporting(options, io, async () => {
    if (!isRegistryHost(host)) {
      throw new RegistryFailure(`${host} is no host[:port], as in ghcr.io or 192.0.2.7:5000`, EXIT.usage);
    }
    const file = registriesFileOf(options.config);
    const password = await passwordOf(options, io);
    const isChanged = await change(file, (content) => addRegistry(content, host, options.username, password));
    return { text: isChanged ? `${host} is set in ${file}` : UNCHANGED, data: { changed: isChanged, file } };
  });
}

/** Removes registries. */
export function removeFromFile(hosts: readonly string[], options: RemoveOptions, io: ProvisionIo): Promise<void> {
  return reporting(options, io, async () => {
    if ((hosts.length === 0) === (options.all === undefined)) {
      throw new RegistryFailure('name registries or give --all, and not both', EXIT.usage);
    }
    const file = registriesFileOf(options.config);
    const isChanged = await change(file, (content) => removeRegistries(content, options.all ? 'all' : hosts));
    return { text: isChanged ? `removed from ${file}` : UNCHANGED, data: { changed: isChanged, file } };
  });
}

/** Prints the registries. */
export function listFile(options: ListOptions, io: ProvisionIo): Promise<void> {
  return reporting(options, io, async () => {
    const file = registriesFileOf(options.config);
    const content = await contentOf(file);
    const registries = listRegistries(content);
    const rows = registries.map(({ host, user }) => (user === '' ? host : `${host}  ${user}`));
    const none = content === undefined ? `no registries: ${file} is missing or empty` : `no registries in ${file}`;
    return { text: rows.join('\n') || none, data: { file, registries } };
  });
}

async function reporting(
  { json }: { readonly json?: true },
  io: ProvisionIo,
  work: () => Promise<{ readonly text: string; readonly data: object }>,
): Promise<void> {
  try {
    const { text, data } = await work();
    io.out(json ? `${JSON.stringify({ ok: true, ...data })}\n` : `${text}\n`);
  } catch (error) {
    const { message } = error as Error;
    const { exitCode, hint } = error as { exitCode?: unknown; hint?: unknown };
    const code = typeof exitCode === 'number' ? exitCode : EXIT.files;
    const more = typeof hint === 'string' ? { hint } : {};
    if (json) io.out(`${JSON.stringify({ ok: false, code, error: message, ...more })}\n`);
    else io.err(`error: ${message}\n${more.hint === undefined ? '' : `    ${more.hint}\n`}`);
    io.end(code);
  }
}

/** Of a vehicle's configuration, the file of registries that it names; else the file itself. */
function registriesFileOf(config: string): string {
  if (!looksLikeVehicle(config)) {
    // A mistyped path would else become a file of its own, of another format than its name says.
    if (!/\.ya?ml$/i.test(config)) return config;
    throw new RegistryFailure(`${config} is missing, or no configuration of a vehicle: check the path`, EXIT.files);
  }
  const { containerManagement } = configOf(checkVehicleConfig({ file: config }));
  if (containerManagement) return containerManagement.settings.registriesFile;
  throw new RegistryFailure(`${config} has no section containerManagement`, EXIT.usage);
}

async function contentOf(file: string): Promise<unknown> {
  const text = await readIfPresent(file);
  if (text === undefined || text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new RegistryFailure(`${file} is no JSON, so that it would be lost: correct it by hand`, EXIT.files);
  }
}

async function change(file: string, edit: (content: unknown) => RegistryEdit): Promise<boolean> {
  const content = await contentOf(file);
  const edited = edit(content);
  if (!edited.ok) throw new RegistryFailure(`${file}: ${edited.error}`, EXIT.files);
  if (edited.isChanged) await writePrivateFile(await targetOf(file), `${JSON.stringify(edited.value, null, 2)}\n`);
  // What holds a password is for its owner alone, also if it was written by hand.
  else if (listRegistries(content).length > 0 && ((await stat(file)).mode & 0o077) !== 0) await chmod(file, 0o600);
  return edited.isChanged;
}

/** A link stays one. */
async function targetOf(file: string): Promise<string> {
  return realpath(file).catch(() => file);
}

function passwordIn(file: string): string | undefined {
  try {
    return readBounded(file, maxFileBytes);
  } catch (cause) {
    throw new RegistryFailure(`the password cannot be read: ${(cause as Error).message}`, EXIT.files);
  }
}

async function passwordOf({ passwordFile, passwordStdin }: AddOptions, io: ProvisionIo): Promise<string> {
  const given =
    passwordFile !== undefined ? passwordIn(passwordFile) : await (passwordStdin ? io.input() : io.ask('Password: '));
  const password = (given ?? '').replace(/\r?\n$/, '');
  if (password === '' || /[\r\n]/.test(password)) {
    throw new RegistryFailure('the password is empty, or more than one line', EXIT.usage);
  }
  return password;
}

import { isObject } from '../../protocols/json-object.js';
import { memberOf } from '../../protocols/update-agent/index.js';

/** An entry as people may see it. */
export interface RegistryRow {
  readonly host: string;
  /** Empty: anonymous. */
  readonly user: string;
  readonly hasTransport: boolean;
}

export type RegistryEdit =
  | { readonly ok: true; readonly value: unknown; readonly isChanged: boolean }
  | { readonly ok: false; readonly error: string };

/** Whether a text can be the key of a registry: `host[:port]`, as it stands before the first `/` of an image (REG-2). */
export const isRegistryHost = (text: string): boolean => /^[^\s/@]+$/.test(text) && !text.includes('://');

/**
 * The contents of a file with an entry of this host. TLS files that an earlier entry names stay, where the reference's
 * tool loses them.
 */
export function addRegistry(file: unknown, host: string, user: string, password: string): RegistryEdit {
  return edit(file, (entries) => {
    const before = Object.hasOwn(entries, host) && isObject(entries[host]) ? entries[host] : {};
    const others = Object.entries(before).filter(([key]) => key.toLowerCase() !== 'credentials');
    return {
      ...entries,
      [host]: { credentials: { user_id: user, password }, ...Object.fromEntries(others) },
    };
  });
}

/** The contents of a file without the entries of these hosts, or of all. */
export function removeRegistries(file: unknown, hosts: readonly string[] | 'all'): RegistryEdit {
  return edit(file, (entries) =>
    Object.fromEntries(Object.entries(entries).filter(([host]) => hosts !== 'all' && !hosts.includes(host))),
  );
}

/** What a file has; never the passwords. */
export function listRegistries(file: unknown): RegistryRow[] {
  const entries = memberOf(asObject(memberOf(asObject(file), 'containers')), 'registry_configurations');
  return Object.entries(asObject(entries)).map(([host, entry]) => {
    const credentials = asObject(memberOf(asObject(entry), 'credentials'));
    const user = memberOf(credentials, 'user_id');
    return {
      host,
      user: typeof user === 'string' ? user : '',
      hasTransport: isObject(memberOf(asObject(entry), 'transport')),
    };
  });
}

function edit(
  file: unknown,
  change: (entries: Readonly<Record<string, unknown>>) => Record<string, unknown>,
): RegistryEdit {
  const root = file ?? {};
  if (!isObject(root)) return { ok: false, error: 'expected an object' };
  const containers = nameIn(root, 'containers');
  const group = root[containers] ?? {};
  if (!isObject(group)) return { ok: false, error: `${containers}: expected an object` };
  const map = nameIn(group, 'registry_configurations');
  const before = group[map] ?? {};
  if (!isObject(before)) return { ok: false, error: `${containers}.${map}: expected an object` };
  const after = change(before);
  if (JSON.stringify(after) === JSON.stringify(before)) return { ok: true, value: root, isChanged: false };
  return { ok: true, value: { ...root, [containers]: { ...group, [map]: after } }, isChanged: true };
}

/** A key as this object spells it. */
const nameIn = (object: object, name: string): string =>
  Object.keys(object).find((key) => key.toLowerCase() === name) ?? name;

const asObject = (value: unknown): object => (isObject(value) ? value : {});

import { isObject } from '../../protocols/json-object.js';
import type { SettingsFinding } from '../../protocols/update-agent/index.js';
import { memberOf } from '../../protocols/update-agent/index.js';
import type { Registries, Registry } from '../engines/index.js';
import { isRegistryHost } from './registry-file.js';

/** A file of which registries are a part. */
export interface RegistrySource {
  readonly file: string;
  /** What it comes to now; throws if it cannot be used. */
  readonly read: () => Registries;
}

/** Laid over one another: an entry of the upper replaces one of the lower; insecure ones add up. */
export function mergeRegistries(lower: Registries, upper: Registries): Registries {
  return {
    entries: { ...lower.entries, ...upper.entries },
    insecure: [...new Set([...lower.insecure, ...upper.insecure])],
  };
}

/** What `containers.registry_configurations` says; findings are collected. */
export function registriesOf(
  value: unknown,
  mistake: (finding: SettingsFinding) => void,
  warn: (finding: SettingsFinding) => void,
): Registries['entries'] {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) {
    mistake({ key: PATH, message: 'expected an object of hosts' });
    return {};
  }
  const entries: Array<[string, Registry]> = [];
  for (const [host, entry] of Object.entries(value)) {
    const key = `${PATH}.${host}`;
    if (host === '') warn({ key: PATH, message: 'an entry without a host is skipped' });
    else if (!isRegistryHost(host)) {
      // Who writes an address may have written a password into it.
      const shown = JSON.stringify(host.replace(/[^/]*@/, '…@'));
      warn({ key: PATH, message: `${shown} is no host or host:port, so no image is of it; it is skipped` });
    } else if (entry === null) entries.push([host, {}]);
    else if (!isObject(entry)) mistake({ key, message: 'expected an object' });
    else entries.push([host, readRegistry(key, entry, mistake, warn)]);
  }
  return Object.fromEntries(entries);
}

const PATH = 'containers.registry_configurations';

function readRegistry(
  key: string,
  entry: object,
  mistake: (finding: SettingsFinding) => void,
  warn: (finding: SettingsFinding) => void,
): Registry {
  const textsOf = <Name extends string>(group: string, names: readonly Name[]): Record<Name, string> | undefined => {
    const value = memberOf(entry, group) ?? undefined;
    if (value === undefined) return undefined;
    if (!isObject(value)) {
      mistake({ key: `${key}.${group}`, message: 'expected an object' });
      return undefined;
    }
    const texts = names.map((name) => {
      const text = memberOf(value, name) ?? '';
      // Of a password not even its kind of value is told in full.
      if (typeof text !== 'string') mistake({ key: `${key}.${group}.${name}`, message: 'expected a string' });
      return [name, String(text)] as const;
    });
    return Object.fromEntries(texts) as Record<Name, string>;
  };
  const credentials = textsOf('credentials', ['user_id', 'password']);
  const files = textsOf('transport', ['root_ca', 'client_cert', 'client_key']);
  const named = files ? Object.values(files).filter((file) => file !== '').length : 0;
  if (named > 0 && named < 3) {
    warn({ key: `${key}.transport`, message: 'root_ca, client_cert and client_key go together; it is ignored' });
  }
  return {
    ...(credentials ? { credentials: { user: credentials.user_id, password: credentials.password } } : {}),
    ...(files && named === 3
      ? { transport: { rootCa: files.root_ca, clientCert: files.client_cert, clientKey: files.client_key } }
      : {}),
  };
}

import type { Loaded } from './config/load.js';
import type { Path } from './config/pointer.js';
import { valueAt } from './config/tree.js';
import type { SectionFinding } from './runtime/http/http-config.js';

/** A role of a vehicle. */
export interface RoleConfig<Settings> {
  readonly settings: Settings;
  /** Whether its own section names its broker; otherwise it is the vehicle's. */
  readonly hasOwnBroker: boolean;
}

/** Whether somebody set a value, rather than its default. */
export const isGiven = (loaded: Loaded, path: Path): boolean =>
  valueAt(loaded.value, path) !== undefined && loaded.sources.of(path)?.kind !== 'default';

/** What a role that reads a peer's keys found, as findings of its section. */
export const findingsOf = (all: readonly { readonly key: string; readonly message: string }[]): SectionFinding[] =>
  all.map(({ key, message }) => ({
    code: 'CONFIG_VALUE',
    pointer: key === '' ? '' : `/${key.replaceAll('.', '/')}`,
    message,
  }));

/** Without the unknown keys, which are the schema's to tell. */
export function untold<F extends SectionFinding>(findings: readonly F[], loaded: Loaded, section: string): F[] {
  const told = new Set(loaded.warnings.map(({ pointer }) => pointer));
  return findings.filter(({ pointer }) => !told.has(`${section}${pointer}`));
}

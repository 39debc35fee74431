/** Files of peers by themselves, as `fleetchart run` reads them: what they are, and what is wrong with them. */
import type { TSchema } from '@sinclair/typebox';
import { ContainerManagementSchema } from './actors/container-management/config.js';
import { readManagementSettings } from './actors/container-management/index.js';
import { UpdateManagerSchema } from './actors/update-manager/config.js';
import { readManagerSettings } from './actors/update-manager/index.js';
import type { Checked, ConfigInput } from './base-config.js';
import { type Loaded, load } from './config/load.js';
import { readConfigFile } from './config/read-file.js';
import { report, resolveSection } from './config/section.js';
import { isTree } from './config/tree.js';
import { checkServerConfig, HubSchema, looksLikeServerConfig } from './hub-config.js';
import { findingsOf, untold } from './role-config.js';
import type { SectionResult } from './runtime/http/http-config.js';
import { VehicleSchema } from './vehicle-config.js';

export type Peer = 'fleet-telemetry' | 'kanto-update-manager' | 'kanto-container-management';

type Findings = readonly { readonly key: string; readonly message: string }[];
type Settled<T> =
  | { readonly ok: true; readonly value: T; readonly warnings: Findings }
  | { readonly ok: false; readonly mistakes: Findings; readonly warnings: Findings };

interface KantoFile {
  readonly schema: TSchema;
  readonly read: (file: unknown) => Settled<unknown>;
  /** Keys that others have, too. */
  readonly shared: readonly string[];
  /** Under `connection`, the key that only it has. */
  readonly broker: string;
}

const KANTO: Readonly<Record<Exclude<Peer, 'fleet-telemetry'>, KantoFile>> = {
  'kanto-update-manager': {
    schema: UpdateManagerSchema,
    read: (file) => readManagerSettings({ file, environment: {}, flags: new Map(), version: '', onStop: 'incomplete' }),
    shared: ['log', 'connection'],
    broker: 'broker',
  },
  'kanto-container-management': {
    schema: ContainerManagementSchema,
    read: (file) => readManagementSettings({ file, flags: new Map() }),
    shared: ['log', 'connection', 'fleetchart'],
    broker: 'broker_url',
  },
};

/** Checks a peer's file; `--set` paths begin at its own keys. */
export function checkPeerConfig(peer: Peer, input: ConfigInput): Checked<unknown> {
  if (peer === 'fleet-telemetry') return checkServerConfig(input);
  const { schema, read } = KANTO[peer];
  const { environment: _, ...sources } = input;
  const loaded = load({ ...sources, schema });
  const resolved = resolveSection(loaded, [], (file: unknown) => resolve(read(file), loaded));
  const { mistakes, warnings } = report(loaded, [resolved]);
  return { config: mistakes.length === 0 ? resolved.value : undefined, loaded, mistakes, warnings };
}

function resolve(read: Settled<unknown>, loaded: Loaded): SectionResult<unknown> {
  const warnings = untold(findingsOf(read.warnings), loaded, '');
  return read.ok ? { ...read, warnings } : { ok: false, mistakes: findingsOf(read.mistakes), warnings };
}

/** Whose own file this is, by the keys that nobody else's has; undefined: a hub's or a vehicle's, or nobody knows. */
export function peerOf(file: string): Peer | undefined {
  const read = readConfigFile(file);
  if (!read.ok || !isTree(read.value.value)) return undefined;
  const value = read.value.value;
  const ours = keysOf({ ...HubSchema.properties, ...VehicleSchema.properties }, ['log']);
  const given = Object.keys(value).map((key) => key.toLowerCase());
  if (!given.some((key) => ours.has(key))) {
    for (const [peer, kanto] of Object.entries(KANTO) as [Peer, KantoFile][]) {
      const own = keysOf(kanto.schema['properties'] as object, kanto.shared);
      if (given.some((key) => own.has(key)) || namesBroker(value, kanto.broker)) return peer;
    }
  }
  return looksLikeServerConfig(file) ? 'fleet-telemetry' : undefined;
}

const keysOf = (properties: object, shared: readonly string[]): ReadonlySet<string> =>
  new Set(
    Object.keys(properties)
      .map((key) => key.toLowerCase())
      .filter((key) => !shared.includes(key)),
  );

const namesBroker = (value: Readonly<Record<string, unknown>>, key: string): boolean =>
  isTree(value['connection']) && key in value['connection'];

import { join } from 'node:path';
import { Type } from '@sinclair/typebox';
import { ContainerManagementSchema } from './actors/container-management/config.js';
import {
  type ManagementSettings,
  type RegistrySource,
  readManagementSettings,
} from './actors/container-management/index.js';
import type { Loaded } from './config/load.js';
import { findingsOf, isGiven, type RoleConfig, untold } from './role-config.js';
import type { SectionResult } from './runtime/http/http-config.js';

/** The section `containerManagement` of a vehicle. */
export const ContainersSection = Type.Object(
  {
    file: Type.Optional(
      Type.String({ minLength: 1, description: 'A config.json whose keys stand beneath the ones given here.' }),
    ),
    ...ContainerManagementSchema.properties,
  },
  {
    additionalProperties: false,
    peer: 'kanto',
    include: 'file',
    description: 'Containers: the keys of Kanto’s config.json, or `file: PATH` to read one.',
  },
);

/** What of a vehicle runs containers. */
export interface ContainersConfig extends RoleConfig<ManagementSettings> {
  /** Where the registries of the settings are from, if that may change while it runs. */
  readonly source?: RegistrySource;
}

const SECTION = 'containerManagement';

/** Folders that nobody named are below the vehicle's own data. */
export function resolveContainers(section: object, loaded: Loaded, dataDir: string): SectionResult<ContainersConfig> {
  const { file: _, ...file } = section as { file?: string };
  const read = readManagementSettings({ file, flags: new Map() });
  const warnings = untold(findingsOf(read.warnings), loaded, `/${SECTION}`);
  if (!read.ok) return { ok: false, mistakes: findingsOf(read.mistakes), warnings };
  const home = join(dataDir, 'containers');
  const given = (...path: string[]) => isGiven(loaded, [SECTION, ...path]);
  const { deployment, things, homeDir, registriesFile } = read.value;
  const settings: ManagementSettings = {
    ...read.value,
    homeDir: given('manager', 'home_dir') ? homeDir : home,
    deployment: given('deployment', 'home_dir') ? deployment : { ...deployment, homeDir: home },
    things: given('things', 'home_dir') ? things : { ...things, homeDir: home },
    registriesFile: registriesFile === '' ? join(dataDir, 'registries.json') : registriesFile,
  };
  return { ok: true, value: { settings, hasOwnBroker: given('connection', 'broker_url') }, warnings };
}

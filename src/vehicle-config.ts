import { join } from 'node:path';
import { type Static, Type } from '@sinclair/typebox';
import { HubLinkSchema, type HubLinkSettings, resolveHubLink } from './actors/hub-link/config.js';
import { EmbeddedBrokerSchema, type MqttConfig, resolveMqtt } from './actors/mqtt/config.js';
import { type LinkSettings, linkKeys, placeOf, resolveLink } from './actors/mqtt-link/config.js';
import { resolveSelfUpdate, SelfUpdateSchema } from './actors/self-update/config.js';
import type { AgentSettings } from './actors/self-update/index.js';
import { UpdateManagerSchema } from './actors/update-manager/config.js';
import { type ManagerSettings, readManagerSettings } from './actors/update-manager/index.js';
import { type Checked, type ConfigInput, LogSchema, StoreSchema } from './base-config.js';
import { type Loaded, load } from './config/load.js';
import { readConfigFile } from './config/read-file.js';
import { composeSchema } from './config/schema.js';
import { report, resolveSection } from './config/section.js';
import { isTree, valueAt } from './config/tree.js';
import { type ContainersConfig, ContainersSection, resolveContainers } from './container-management-config.js';
import { findingsOf, isGiven, type RoleConfig, untold } from './role-config.js';
import { type HttpConfig, HttpSchema, resolveHttp, type SectionResult } from './runtime/http/http-config.js';

const MqttSchema = Type.Object(
  {
    ...linkKeys,
    embedded: Type.Object(
      {
        ...EmbeddedBrokerSchema.properties,
        enabled: Type.Optional(
          Type.Boolean({ description: 'Run a broker in this process. Default: unless `broker` names another one.' }),
        ),
      },
      { additionalProperties: false, default: {}, description: 'The embedded MQTT broker.' },
    ),
  },
  { additionalProperties: false, default: {}, description: 'The broker between manager and agents of the vehicle.' },
);

const ManagerSection = Type.Object(
  {
    file: Type.Optional(
      Type.String({ minLength: 1, description: 'A config.json whose keys stand beneath the ones given here.' }),
    ),
    ...UpdateManagerSchema.properties,
  },
  {
    additionalProperties: false,
    peer: 'kanto',
    include: 'file',
    description: 'The update manager: the keys of Kanto’s config.json, or `file: PATH` to read one.',
  },
);

const SelfUpdateSection = Type.Object(
  {
    ...SelfUpdateSchema.properties,
    installer: Type.Union([Type.Literal('slots'), Type.Literal('rauc')], {
      default: 'slots',
      description:
        'Two folders below `dataDir` and a pointer, or RAUC on the system bus. Without effect in mode dummy.',
    }),
    compatible: Type.String({
      default: 'fleetchart',
      minLength: 1,
      description: 'Bundles for others are refused by `slots`.',
    }),
  },
  { additionalProperties: false, description: "The self-update agent, in place of Leda's." },
);

/** The configuration of a vehicle: each section's schema lives beside its actors. */
export const VehicleSchema = composeSchema('Fleetchart vehicle', {
  dataDir: Type.String({ default: './data/vehicle', minLength: 1, description: 'Where everything is stored.' }),
  store: StoreSchema,
  log: LogSchema,
  http: HttpSchema,
  mqtt: MqttSchema,
  hub: Type.Optional(HubLinkSchema),
  updateManager: Type.Optional(ManagerSection),
  selfUpdate: Type.Optional(SelfUpdateSection),
  containerManagement: Type.Optional(ContainersSection),
});

/** The broker of a vehicle, and how its roles reach it. */
export interface VehicleMqtt {
  readonly link: LinkSettings;
  /** Absent if there is only another one. */
  readonly embedded?: MqttConfig;
}

export interface SelfUpdateConfig extends RoleConfig<AgentSettings> {
  readonly installer: { readonly kind: 'dummy' } | { readonly kind: 'rauc' } | SlotsConfig;
}

export interface SlotsConfig {
  readonly kind: 'slots';
  readonly folder: string;
  readonly compatible: string;
}

/** What a vehicle is made from. A role without a section does not run. */
export interface VehicleConfig {
  readonly dataDir: string;
  readonly store: Readonly<Static<typeof StoreSchema>>;
  readonly log: Readonly<Static<typeof LogSchema>>;
  readonly http: HttpConfig;
  readonly mqtt: VehicleMqtt;
  /** The cloud connector. */
  readonly hub?: HubLinkSettings;
  readonly updateManager?: RoleConfig<ManagerSettings>;
  readonly selfUpdate?: SelfUpdateConfig;
  readonly containerManagement?: ContainersConfig;
}

/** Reads a vehicle's configuration and reports everything wrong with it, without failing. */
export function checkVehicleConfig(input: ConfigInput): Checked<VehicleConfig> {
  const loaded = load({ ...input, schema: VehicleSchema });
  const { dataDir, store, log } = loaded.value as Static<typeof VehicleSchema>;
  const http = resolveSection(loaded, ['http'], resolveHttp);
  const mqtt = resolveSection(loaded, ['mqtt'], resolveVehicleMqtt);
  const hub = resolveSection(loaded, ['hub'], (section: Static<typeof HubLinkSchema>) =>
    resolveHub(section, mqtt.value),
  );
  const updateManager = resolveSection(loaded, ['updateManager'], (section: object) => resolveManager(section, loaded));
  const selfUpdate = resolveSection(loaded, ['selfUpdate'], (section: Static<typeof SelfUpdateSection>) =>
    resolveAgent(section, loaded, dataDir),
  );
  const containerManagement = resolveSection(loaded, ['containerManagement'], (section: object) =>
    resolveContainers(section, loaded, dataDir),
  );
  const { mistakes, warnings } = report(loaded, [http, mqtt, hub, updateManager, selfUpdate, containerManagement]);
  if (isWithoutRole(loaded)) warnings.push(WITHOUT_ROLE);
  if (mistakes.length > 0 || !http.value || !mqtt.value) return { config: undefined, loaded, mistakes, warnings };
  const config: VehicleConfig = {
    dataDir,
    store,
    log,
    http: http.value,
    mqtt: mqtt.value,
    ...(hub.value ? { hub: hub.value } : {}),
    ...(updateManager.value ? { updateManager: updateManager.value } : {}),
    ...(selfUpdate.value ? { selfUpdate: selfUpdate.value } : {}),
    ...(containerManagement.value ? { containerManagement: containerManagement.value } : {}),
  };
  return { config, loaded, mistakes, warnings };
}

/** The sections that make a vehicle do something; a hub has none of them. */
const ROLES = ['updateManager', 'selfUpdate', 'containerManagement'] as const;

const isWithoutRole = ({ value }: Loaded): boolean => ROLES.every((role) => valueAt(value, [role]) === undefined);

const WITHOUT_ROLE = {
  code: 'CONFIG_MISSING',
  pointer: '',
  message: 'this vehicle updates nothing: it has none of updateManager, selfUpdate and containerManagement',
  hint: 'add the sections of the roles that are to run, as in config/vehicle.yaml',
} as const;

/** Whether a file that can be read is a vehicle's rather than a hub's: by the sections that only it has. */
export function looksLikeVehicle(file: string): boolean {
  const read = readConfigFile(file);
  const value = read.ok ? read.value.value : undefined;
  return isTree(value) && ROLES.some((key) => key in value);
}

function resolveVehicleMqtt({ embedded, ...keys }: Static<typeof MqttSchema>): SectionResult<VehicleMqtt> {
  const { enabled = keys.broker === undefined, users } = embedded;
  const link = resolveLink(keys);
  const own = resolveMqtt({ embedded: { ...embedded, enabled } });
  const mistakes = [...(link.ok ? [] : link.mistakes), ...(own.ok ? [] : own.mistakes)];
  if (keys.broker === undefined && !enabled) {
    const hint = 'set mqtt.broker, or leave mqtt.embedded.enabled out';
    mistakes.push({ code: 'CONFIG_MISSING', pointer: '/broker', message: 'there is no broker', hint });
  }
  const isStranger = users.length > 0 && !users.some(({ name }) => name === keys.username);
  if (keys.broker === undefined && enabled && isStranger) {
    const message = 'the roles of the vehicle are none of mqtt.embedded.users';
    const hint = 'set mqtt.username and mqtt.password to one of them';
    mistakes.push({ code: 'CONFIG_MISSING', pointer: '/username', message, hint });
  }
  if (!link.ok || !own.ok || mistakes.length > 0) return { ok: false, mistakes, warnings: [] };
  return { ok: true, value: { link: link.value, ...(enabled ? { embedded: own.value } : {}) }, warnings: [] };
}

/** What a connector between a broker and itself sends comes back to it for ever. */
function resolveHub(
  section: Static<typeof HubLinkSchema>,
  mqtt: VehicleMqtt | undefined,
): SectionResult<HubLinkSettings> {
  const resolved = resolveHubLink(section);
  const hub = resolved.ok ? resolved.value.upstream?.url : undefined;
  const own = mqtt?.embedded?.embedded;
  const local = mqtt?.link.broker ?? (own && `${own.host === '0.0.0.0' ? 'localhost' : own.host}:${own.port}`);
  if (hub === undefined || local === undefined || placeOf(hub) !== placeOf(local)) return resolved;
  const message = 'the broker of the hub is that of the vehicle: every message would come back, for ever';
  const hint = "name the hub's own broker, or leave the URL out";
  return { ok: false, mistakes: [{ code: 'CONFIG_CONFLICT', pointer: '/url', message, hint }], warnings: [] };
}

function resolveManager(section: object, loaded: Loaded): SectionResult<RoleConfig<ManagerSettings>> {
  const { file: _, ...file } = section as { file?: string };
  const read = readManagerSettings({ file, environment: {}, flags: new Map(), version: '', onStop: 'suspend' });
  const warnings = untold(findingsOf(read.warnings), loaded, '/updateManager');
  if (!read.ok) return { ok: false, mistakes: findingsOf(read.mistakes), warnings };
  const hasOwnBroker = isGiven(loaded, ['updateManager', 'connection', 'broker']);
  return { ok: true, value: { settings: read.value, hasOwnBroker }, warnings };
}

function resolveAgent(
  { installer: kind, compatible, ...section }: Static<typeof SelfUpdateSection>,
  loaded: Loaded,
  dataDir: string,
): SectionResult<SelfUpdateConfig> {
  const resolved = resolveSelfUpdate(section);
  if (!resolved.ok) return resolved;
  const { mode } = resolved.value;
  if (mode === 'stream' && kind === 'slots') {
    const hint = 'set installer to rauc, or mode to download';
    const message = 'slots of files take no stream';
    return { ok: false, mistakes: [{ code: 'CONFIG_CONFLICT', pointer: '/mode', message, hint }], warnings: [] };
  }
  // What RAUC reads has to be where RAUC finds it; everything else belongs to the vehicle's own data.
  const isOurs = kind === 'slots' && !isGiven(loaded, ['selfUpdate', 'path']);
  const settings = isOurs ? { ...resolved.value, path: join(dataDir, 'bundles') } : resolved.value;
  const installer =
    mode === 'dummy' || kind === 'rauc'
      ? ({ kind: mode === 'dummy' ? 'dummy' : 'rauc' } as const)
      : ({ kind: 'slots', folder: join(dataDir, 'slots'), compatible } as const);
  const hasOwnBroker = isGiven(loaded, ['selfUpdate', 'server']);
  return { ok: true, value: { settings, hasOwnBroker, installer }, warnings: resolved.warnings };
}

import { type Static, Type } from '@sinclair/typebox';
import { FileDispatcherSchema, HttpDispatcherSchema, SpoolSchema } from './actors/dispatch/config.js';
import { type MqttConfig, MqttSchema, resolveMqtt } from './actors/mqtt/config.js';
import {
  explainTelemetry,
  resolveTelemetry,
  type ServerExplanation,
  telemetrySchemas,
} from './actors/telemetry/config.js';
import { LastValuesSchema, PresenceSchema } from './actors/vehicles/config.js';
import { type Checked, type ConfigInput, LogSchema, StoreSchema } from './base-config.js';
import { type Loaded, load } from './config/load.js';
import type { Mistake } from './config/mistake.js';
import type { Path } from './config/pointer.js';
import { readConfigFile } from './config/read-file.js';
import { composeSchema } from './config/schema.js';
import { report, resolveSection } from './config/section.js';
import { suggest } from './config/suggest.js';
import { isTree } from './config/tree.js';
import type { TelemetrySettings } from './protocols/fleet-telemetry/server-settings.js';
import { type HttpConfig, HttpSchema, resolveHttp } from './runtime/http/http-config.js';

const telemetrySchema = telemetrySchemas({
  spool: SpoolSchema,
  file: FileDispatcherSchema,
  http: HttpDispatcherSchema,
  presence: PresenceSchema,
  lastValues: LastValuesSchema,
});

export {
  CLIENT_PACKAGES,
  type ClientPackage,
  COMPRESSION_PACKAGES,
  installation,
  isInstalled,
} from './actors/dispatch/config.js';
export type { ServerExplanation } from './actors/telemetry/config.js';
export { type Checked, type ConfigInput, configOf } from './base-config.js';

/** A peer's `server_config.json`. */
export const ServerConfigSchema = telemetrySchema.serverConfig;

/** The configuration of a hub: each section's schema lives beside its actors. */
export const HubSchema = composeSchema('Fleetchart hub', {
  dataDir: Type.String({ default: './data/hub', minLength: 1, description: 'Where everything is stored.' }),
  store: StoreSchema,
  log: LogSchema,
  http: HttpSchema,
  mqtt: MqttSchema,
  telemetry: Type.Optional(telemetrySchema.section),
});

/** What a hub is made from. Without `telemetry` it takes no telemetry. */
export interface HubConfig {
  readonly dataDir: string;
  readonly store: Readonly<Static<typeof StoreSchema>>;
  readonly log: Readonly<Static<typeof LogSchema>>;
  readonly http: HttpConfig;
  readonly mqtt: MqttConfig;
  readonly telemetry?: TelemetrySettings;
}

/** Reads a hub's configuration and reports everything wrong with it, without failing. */
export function checkHubConfig(input: ConfigInput): Checked<HubConfig> {
  const loaded = load({ ...input, schema: HubSchema });
  const root = loaded.value as Static<typeof HubSchema>;
  const http = resolveSection(loaded, ['http'], resolveHttp);
  const mqtt = resolveSection(loaded, ['mqtt'], resolveMqtt);
  const telemetry = resolveSection(loaded, ['telemetry'], (section: Static<typeof telemetrySchema.section>) =>
    resolveTelemetry(section, { environment: input.environment ?? {}, suggest }),
  );
  const { mistakes: found, warnings } = report(loaded, [http, mqtt, telemetry]);
  const mistakes = found.map(inHubTerms);
  if (mistakes.length > 0 || !http.value || !mqtt.value) return { config: undefined, loaded, mistakes, warnings };
  const config: HubConfig = {
    dataDir: root.dataDir,
    store: root.store,
    log: root.log,
    http: http.value,
    mqtt: mqtt.value,
    ...(telemetry.value ? { telemetry: telemetry.value } : {}),
  };
  return { config, loaded, mistakes, warnings };
}

/** Ingest alone has a flag for it that a hub has not. */
function inHubTerms(mistake: Mistake): Mistake {
  const isDeviceCa = mistake.pointer === '/telemetry/tls/ca_file' && mistake.code === 'CONFIG_MISSING';
  return isDeviceCa
    ? { ...mistake, hint: "name the PEM file of the CA that signed the vehicles' certificates" }
    : mistake;
}

/**
 * Reads a `server_config.json` by itself, as the reference does. `FLEETCHART_TELEMETRY__*` stand over it, as they do
 * over a hub's section, and `--set` paths begin at its own keys.
 */
export function checkServerConfig(input: ConfigInput): Checked<TelemetrySettings> {
  const loaded = load({ ...input, schema: ServerConfigSchema, environmentPrefix: 'FLEETCHART_TELEMETRY__' });
  const resolved = resolveSection(loaded, [], (config: Static<typeof ServerConfigSchema>) =>
    resolveTelemetry(config, { environment: input.environment ?? {}, suggest }),
  );
  const { mistakes, warnings } = report(loaded, [resolved]);
  return { config: mistakes.length === 0 ? resolved.value : undefined, loaded, mistakes, warnings };
}

/** What a `server_config.json` that was checked means; undefined if it cannot be read at all. */
export function explainServerConfig(
  { loaded, mistakes, warnings }: Checked<unknown>,
  environment: NonNullable<ConfigInput['environment']>,
): ServerExplanation | undefined {
  const given = givenKeys(loaded);
  // Of another shape than it is explained by.
  const isMisshapen = loaded.mistakes.some(({ pointer }) => pointer === '' || loaded.unsound.includes(pointer));
  if (isMisshapen || !isTree(given)) return undefined;
  return explainTelemetry({ config: given, mistakes, warnings, environment } as Parameters<typeof explainTelemetry>[0]);
}

/** The configuration without what nobody set, at its top and in our own section. */
function givenKeys({ value, sources }: Loaded): unknown {
  if (!isTree(value)) return undefined;
  const isGiven = (path: Path, child: unknown): boolean =>
    (sources.of(path)?.kind ?? 'default') !== 'default' ||
    (isTree(child) && Object.entries(child).some(([key, inner]) => isGiven([...path, key], inner)));
  const given = (tree: object, at: Path): Record<string, unknown> =>
    Object.fromEntries(Object.entries(tree).filter(([key, child]) => isGiven([...at, key], child)));
  const { fleetchart, ...others } = given(value, []);
  return isTree(fleetchart) ? { ...others, fleetchart: given(fleetchart, ['fleetchart']) } : { ...others };
}

/**
 * Whether a file that can be read is rather a peer's `server_config.json` than a hub's: by the keys that only one of
 * the two has.
 */
export function looksLikeServerConfig(file: string): boolean {
  const read = readConfigFile(file);
  if (!read.ok || !isTree(read.value.value)) return false;
  const keys = Object.keys(read.value.value).map((key) => key.toLowerCase());
  const hubKeys = new Set(Object.keys(HubSchema.properties).map((key) => key.toLowerCase()));
  const serverKeys = new Set(Object.keys(ServerConfigSchema.properties).map((key) => key.toLowerCase()));
  const onlyIn = (own: ReadonlySet<string>, other: ReadonlySet<string>) =>
    keys.filter((key) => own.has(key) && !other.has(key)).length;
  return onlyIn(serverKeys, hubKeys) > onlyIn(hubKeys, serverKeys);
}

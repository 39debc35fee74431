import { type Static, Type } from '@sinclair/typebox';
import { EmbeddedBrokerSchema, type MqttConfig, resolveMqtt } from './actors/mqtt/config.js';
import { type LinkSettings, linkKeys, resolveLink } from './actors/mqtt-link/config.js';
import { type Checked, type ConfigInput, LogSchema, StoreSchema } from './base-config.js';
import { load } from './config/load.js';
import { composeSchema } from './config/schema.js';
import { report, resolveSection } from './config/section.js';
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

/** The configuration of a vehicle: each section's schema lives beside its actors. */
export const VehicleSchema = composeSchema('Fleetchart vehicle', {
  dataDir: Type.String({ default: './data/vehicle', minLength: 1, description: 'Where everything is stored.' }),
  store: StoreSchema,
  log: LogSchema,
  http: HttpSchema,
  mqtt: MqttSchema,
});

/** The broker of a vehicle, and how its roles reach it. */
export interface VehicleMqtt {
  readonly link: LinkSettings;
  /** Absent if there is only another one. */
  readonly embedded?: MqttConfig;
}

/** What a vehicle is made from. */
export interface VehicleConfig {
  readonly dataDir: string;
  readonly store: Readonly<Static<typeof StoreSchema>>;
  readonly log: Readonly<Static<typeof LogSchema>>;
  readonly http: HttpConfig;
  readonly mqtt: VehicleMqtt;
}

/** Reads a vehicle's configuration and reports everything wrong with it, without failing. */
export function checkVehicleConfig(input: ConfigInput): Checked<VehicleConfig> {
  const loaded = load({ ...input, schema: VehicleSchema });
  const root = loaded.value as Static<typeof VehicleSchema>;
  const http = resolveSection(loaded, ['http'], resolveHttp);
  const mqtt = resolveSection(loaded, ['mqtt'], resolveVehicleMqtt);
  const { mistakes, warnings } = report(loaded, [http, mqtt]);
  if (mistakes.length > 0 || !http.value || !mqtt.value) return { config: undefined, loaded, mistakes, warnings };
  const { dataDir, store, log } = root;
  const config: VehicleConfig = { dataDir, store, log, http: http.value, mqtt: mqtt.value };
  return { config, loaded, mistakes, warnings };
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

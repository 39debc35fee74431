import { Type } from '@sinclair/typebox';
import { serverDefaults } from '../../protocols/fleet-telemetry/server-settings.js';

const { presence, lastValues } = serverDefaults;
const integer = (description: string, options: object) => Type.Optional(Type.Integer({ description, ...options }));

/** When a vehicle counts as online. */
export const PresenceSchema = Type.Object(
  {
    offlineAfterSeconds: integer('How long a vehicle without a connection still counts as online.', {
      minimum: 0,
      maximum: 86_400,
      unit: 'seconds',
      default: presence.offlineAfterS,
    }),
    restartGraceSeconds: integer('The same after a restart of the hub, when all have to come back.', {
      minimum: 0,
      maximum: 86_400,
      unit: 'seconds',
      default: presence.restartGraceS,
    }),
    silentAfterMinutes: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: 10_080 }), Type.Literal('off')], {
        expects: 'an integer from 1 to 10080 (minutes) or "off"',
        default: presence.silentAfterMin,
        description: 'Minutes without a record after which a connected vehicle is silent.',
      }),
    ),
  },
  { additionalProperties: false, description: 'Presence of vehicles, derived from their connections.' },
);

/** What is kept of each vehicle. */
export const LastValuesSchema = Type.Object(
  {
    enabled: Type.Optional(Type.Boolean({ default: true, description: 'Whether anything is kept.' })),
    maxVehicles: integer('Vehicles past which new ones are not kept.', {
      minimum: 1,
      maximum: 10_000_000,
      default: lastValues.maxVehicles,
    }),
    maxTextBytes: integer('Longer texts are cut.', {
      minimum: 16,
      maximum: 4_096,
      unit: 'bytes',
      default: lastValues.maxTextBytes,
    }),
    maxGaps: integer('Gaps that are kept per vehicle, the newest.', {
      minimum: 1,
      maximum: 1_000,
      default: lastValues.maxGaps,
    }),
    maxNotices: integer('Alerts, and errors, that are kept per vehicle.', {
      minimum: 1,
      maximum: 1_000,
      default: lastValues.maxNotices,
    }),
    boundBytes: integer('Records that may wait in the spool to be read for this; past it the oldest are passed over.', {
      minimum: 1024 * 1024,
      unit: 'bytes',
      default: lastValues.boundBytes,
    }),
  },
  {
    additionalProperties: false,
    description: 'Last values, alerts, errors and gaps of each vehicle, read from the spool after the acknowledgement.',
  },
);

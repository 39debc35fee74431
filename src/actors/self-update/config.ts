import { type Static, Type } from '@sinclair/typebox';
import type { SectionResult } from '../../runtime/http/http-config.js';
import { type AgentSettings, DEFAULT_SETTINGS } from './settings.js';

const optional = (description: string, options: object = {}) =>
  Type.Optional(Type.String({ minLength: 1, description, ...options }));

/** The section `selfUpdate` of a vehicle; its defaults are the reference's (SUA §9). */
export const SelfUpdateSchema = Type.Object(
  {
    server: Type.String({
      default: DEFAULT_SETTINGS.server,
      pattern: '^(tcp|mqtt|ssl|tls|mqtts|mqtt\\+ssl|tcps|ws|wss)://.+',
      expects: 'an address as in mqtt://host:1883',
      description:
        'The broker, where it is given. In a vehicle `mqtt.broker`, or else the embedded broker, stands in for the default.',
    }),
    clientId: Type.String({
      default: DEFAULT_SETTINGS.clientId,
      minLength: 1,
      description: 'Its session is kept under this name (SUA-1).',
    }),
    username: optional('User name at the broker.'),
    password: optional('Its password.', { secret: true }),
    passwordFile: optional('File that holds it, mode 0600.', { secretFile: true }),
    tls: Type.Optional(
      Type.Object(
        {
          caFile: optional('PEM file of the authority of the broker.'),
          certFile: optional('Certificate of this client.'),
          keyFile: optional('Its key.', { secret: false }),
        },
        { additionalProperties: false, description: 'TLS to the broker.' },
      ),
    ),
    prefix: Type.String({ default: DEFAULT_SETTINGS.prefix, minLength: 1, description: 'Of all topics.' }),
    mode: Type.Union([Type.Literal('download'), Type.Literal('stream'), Type.Literal('dummy')], {
      default: DEFAULT_SETTINGS.mode,
      description: 'Fetch bundles and install the file, let the installer stream them, or only simulate the install.',
    }),
    path: Type.String({
      default: DEFAULT_SETTINGS.path,
      minLength: 1,
      description:
        'Folder for bundles; the same path for the installer (SUA-50). In a vehicle with slots of files the default is `bundles` in `dataDir`.',
    }),
    caDirectory: Type.String({
      default: DEFAULT_SETTINGS.caDirectory,
      minLength: 1,
      description: 'Certificates of the authorities of download servers.',
    }),
    caFile: optional('Likewise one PEM file; beats the folder.'),
    feedbackIntervalS: Type.Integer({
      default: DEFAULT_SETTINGS.feedbackIntervalS,
      minimum: 0,
      maximum: 3_600,
      unit: 'seconds',
      description: 'Between two messages of progress; 0: every one is sent (SUA-23).',
    }),
    imageName: Type.String({
      default: DEFAULT_SETTINGS.imageName,
      description: 'Name of the image in the inventory (SUA-17).',
    }),
    allowHttp: Type.Boolean({
      default: DEFAULT_SETTINGS.allowHttp,
      description: 'Fetch bundles over plain HTTP, too.',
    }),
    maxBundleBytes: Type.Optional(
      Type.Integer({ minimum: 1, unit: 'bytes', description: 'Larger bundles are not fetched.' }),
    ),
    maxBytesPerSecond: Type.Optional(
      Type.Integer({ minimum: 1, unit: 'bytes', description: 'Downloads are held to this rate.' }),
    ),
    connectTimeoutS: Type.Integer({
      default: DEFAULT_SETTINGS.connectTimeoutS,
      minimum: 1,
      unit: 'seconds',
      description: 'Until a download server is reached.',
    }),
    stallTimeoutS: Type.Integer({
      default: DEFAULT_SETTINGS.stallTimeoutS,
      minimum: 1,
      unit: 'seconds',
      description: 'Without a byte for so long, a download is cut and tried again where it was.',
    }),
    minBytesPerSecond: Type.Integer({
      default: DEFAULT_SETTINGS.minBytesPerSecond,
      minimum: 0,
      unit: 'bytes',
      description: 'A download that brings less over ten minutes fails; 0: none is too slow.',
    }),
    streamFallback: Type.Boolean({
      default: DEFAULT_SETTINGS.streamFallback,
      description: 'Fetch the bundle when streaming it failed (D-10); it is paid for twice then.',
    }),
    umCompat: Type.Boolean({
      default: DEFAULT_SETTINGS.umCompat,
      description: 'Tell an update manager that there is nothing to do (D-5).',
    }),
    strictReference: Type.Boolean({
      default: DEFAULT_SETTINGS.strictReference,
      description: "Send the reference's empty message after UPDATE_SUCCESS (D-1).",
    }),
  },
  { additionalProperties: false, description: "The self-update agent, in place of Leda's." },
);

type Section = Static<typeof SelfUpdateSchema>;

/** What a section that fits the schema comes to, or what is wrong with it beyond types. */
export function resolveSelfUpdate({ passwordFile: _, ...settings }: Section): SectionResult<AgentSettings> {
  const { prefix } = settings;
  if (!/[#+\0]/.test(prefix)) return { ok: true, value: settings, warnings: [] };
  const message = 'a prefix of topics has no # and no +';
  return { ok: false, mistakes: [{ code: 'CONFIG_VALUE', pointer: '/prefix', message }], warnings: [] };
}

import { posix } from 'node:path';

/** The part of the house that a file of `src/` belongs to. */
export type Layer =
  | 'main'
  | 'cli'
  | 'composition'
  | 'config'
  | 'actors'
  | 'protocols'
  | 'runtime'
  | 'console'
  | 'browser';

export interface Place {
  readonly path: string;
  readonly layer: Layer;
  /** The concern or the wire protocol: `actors/telemetry`, `protocols/ankaios`; otherwise the layer's folder. */
  readonly folder: string;
}

export function placeOf(path: string): Place {
  const [first = '', second = ''] = path.split('/');
  if (path === 'main.ts') return { path, layer: 'main', folder: '' };
  if (!path.includes('/')) return { path, layer: 'composition', folder: '' };
  if (path.startsWith('console/browser/')) return { path, layer: 'browser', folder: 'console' };
  if (first === 'actors' || first === 'protocols') return { path, layer: first, folder: `${first}/${second}` };
  if (first === 'cli' || first === 'config' || first === 'runtime' || first === 'console') {
    return { path, layer: first, folder: first };
  }
  throw new Error(`src/${path}: no layer has this folder; ARCHITECTURE section 2 lists them`);
}

export function isMachine(path: string): boolean {
  return /(^|[/.-])machine\.ts$/.test(path);
}

/** Rooms of an actor folder that do no I/O, so that no driver is imported there; a door passes on what lies behind it. */
const PURE_ROOMS = ['events.ts', 'config.ts', 'index.ts', 'routes.ts', 'record.ts'];

/** Where drivers may be imported: files of an actor folder that do I/O, `effects.ts` or by the name of what they hold. */
function isEffects(path: string): boolean {
  return !isMachine(path) && !path.endsWith('-hot.ts') && !PURE_ROOMS.includes(posix.basename(path));
}

/** The file that a relative import means, below `src/`. */
export function resolveImport(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts');
}

/** Whether the one may import the other: always, for its types only, or why not. */
export type Verdict = 'yes' | 'types' | { readonly no: string };

/** ARCHITECTURE section 2: who may import whom within `src/`. */
export function mayImport(from: Place, to: Place): Verdict {
  const name = posix.basename(to.path);
  const isDoor = name === 'index.ts' || name === 'events.ts';
  if (isMachine(from.path) && from.layer === 'actors') {
    if (to.layer === 'protocols' || (to.folder === from.folder && name.endsWith('events.ts'))) return 'yes';
    return to.folder === from.folder
      ? 'types'
      : { no: 'a machine imports xstate, its own events.ts and protocols only' };
  }
  switch (from.layer) {
    case 'runtime':
    case 'config':
      return to.layer === from.layer ? 'yes' : { no: `${from.layer} imports nothing of the other layers` };
    case 'protocols':
      return to.layer === 'protocols' ? 'yes' : { no: 'protocols import protocols only' };
    case 'actors':
      if (to.layer === 'runtime' || to.layer === 'protocols' || to.folder === from.folder) return 'yes';
      if (to.layer === 'actors') {
        return isDoor ? 'yes' : { no: 'of another actor folder only index.ts or events.ts may be imported' };
      }
      return { no: 'actors import runtime, protocols and other actors only' };
    case 'composition':
      if (to.layer === 'protocols') return 'types';
      if (to.layer === 'actors') {
        const isSchema = from.path.endsWith('-config.ts') && name === 'config.ts';
        return name === 'index.ts' || isSchema
          ? 'yes'
          : { no: "the composition imports an actor folder's index.ts only" };
      }
      if (to.layer === 'console')
        return name === 'index.ts' ? 'yes' : { no: "the composition imports console's index.ts only" };
      return to.layer === 'cli' || to.layer === 'main' || to.layer === 'browser'
        ? { no: 'the composition does not know the command line or the browser' }
        : 'yes';
    case 'main':
    case 'cli':
      if (to.layer === 'protocols') return 'types';
      if (to.layer === 'actors' && name !== 'index.ts')
        return { no: "a command imports an actor folder's index.ts only" };
      if (to.layer === 'console' || to.layer === 'browser') return { no: 'commands reach the console through hub.ts' };
      return to.layer === 'main' ? { no: 'nothing imports main.ts' } : 'yes';
    case 'console':
    case 'browser':
      if (to.layer === 'console' || to.layer === 'browser') return 'yes';
      return to.layer === 'runtime' || to.layer === 'actors'
        ? 'types'
        : { no: 'the console imports the types of the HTTP API only' };
  }
}

const schemaPackages = ['@sinclair/typebox', 'ajv', 'ajv-formats'];
const drivers = [
  'ws',
  'mqtt',
  'ioredis',
  'kafkajs',
  'lz4-napi',
  'snappy',
  'zeromq',
  '@aws-sdk/client-kinesis',
  '@google-cloud/pubsub',
  'aedes',
  'dbus-native',
  'dockerode',
  'tar',
  '@peculiar/x509',
  'reflect-metadata',
];

/** The npm packages of a file's layer, and those of which it may import types only. */
export function packagesOf({ path, layer }: Place): { values: readonly string[]; types: readonly string[] } {
  const name = posix.basename(path);
  if (isMachine(path) && layer === 'actors') return { values: ['xstate'], types: [] };
  switch (layer) {
    case 'runtime':
      return {
        values: ['xstate', 'lmdb', 'msgpackr', 'pino', 'fastify', 'ws', 'prom-client', ...schemaPackages],
        types: [],
      };
    case 'protocols':
      return { values: ['protobufjs', 'flatbuffers', 'yaml'], types: [] };
    case 'config':
      return { values: [...schemaPackages, 'yaml'], types: [] };
    case 'actors': {
      // Files and answers from outside are checked where they are read.
      const withSchema = name === 'config.ts' || name.endsWith('routes.ts') || isEffects(path) ? schemaPackages : [];
      return {
        values: ['xstate', ...withSchema, ...(isEffects(path) ? drivers : [])],
        types: [...drivers, ...(name.endsWith('routes.ts') ? ['fastify'] : [])],
      };
    }
    case 'composition':
      return { values: path.endsWith('-config.ts') ? schemaPackages : [], types: [] };
    case 'main':
    case 'cli':
      // Commands that watch a running process speak its WebSocket API.
      return {
        values: name === 'api-client.ts' || name === 'stately-bridge.ts' ? ['commander', 'ws'] : ['commander'],
        types: ['ws'],
      };
    case 'console':
      return { values: [], types: [] };
    case 'browser':
      return { values: ['@dagrejs/dagre'], types: [] };
  }
}

/** Modules of Node that a layer may use; undefined: all. A codec has nothing to open. */
export function builtinsOf({ path, layer }: Place): readonly string[] | undefined {
  if (layer === 'browser' || isMachine(path)) return [];
  return layer === 'protocols' ? ['node:buffer', 'node:util', 'node:crypto', 'node:url'] : undefined;
}

import { accessSync, constants } from 'node:fs';
import * as zlib from 'node:zlib';
import type { Mistake } from '../config/mistake.js';
import { type Path, toPointer } from '../config/pointer.js';
import { report } from '../config/section.js';
import { isTree, valueAt } from '../config/tree.js';
import type { Checked } from '../hub-config.js';
import { type TlsError, tlsFileMistakes } from '../runtime/tls/tls-files.js';

/** The keys that name the files of a listener. */
interface ListenerKeys {
  readonly certificate: Path;
  readonly key: Path;
  readonly authorities: readonly Path[];
}

const INGEST: ListenerKeys = {
  certificate: ['tls', 'server_cert'],
  key: ['tls', 'server_key'],
  authorities: [
    ['tls', 'ca_file'],
    ['fleetchart', 'deviceCa'],
  ],
};

/** Of the broker in a hub or a vehicle. */
const BROKER: ListenerKeys = {
  certificate: ['mqtt', 'embedded', 'tls', 'certFile'],
  key: ['mqtt', 'embedded', 'tls', 'keyFile'],
  authorities: [['mqtt', 'embedded', 'tls', 'clientCaFile']],
};

/** Of Kafka, where some record goes there. */
const KAFKA_KEYS: readonly Path[] = ['ssl.ca', 'ssl.certificate', 'ssl.key', 'ssl.keystore', 'ssl.crl'].map((name) => [
  'kafka',
  `${name}.location`,
]);

const PATH_HINT = 'correct the path, which is relative to where the hub is started';
const HINT = `${PATH_HINT}, or make them: \`fleetchart provision\``;

/** Where the files are there and hold something else than they should; the message says what. */
const CONTENT_HINT =
  'name files that belong together, in PEM, or make new ones: `fleetchart provision hub --force` writes a certificate and its key';

const AUTHORITIES_HINT =
  'name the PEM file with the certificates of the authorities that signed those of the vehicles, not a key';

/**
 * What a check on the machine that will run it finds besides: certificates and keys that are missing, may not be read,
 * or do not fit, whatever else is wrong, and a codec that its Node.js does not have. `at` is where the settings of ingest
 * stand.
 */
export async function namedFileMistakes({ loaded }: Checked<unknown>, at: Path): Promise<readonly Mistake[]> {
  const ingest = valueAt(loaded.value, at);
  const mistakes = [
    ...(await listenerMistakes(ingest, at, INGEST)),
    ...(hasBroker(loaded.value) ? await listenerMistakes(loaded.value, [], BROKER) : []),
    ...(usesKafka(valueAt(ingest, ['records'])) ? kafkaMistakes(ingest, at) : []),
  ];
  return report({ ...loaded, mistakes }, []).mistakes;
}

/** Of a configuration that has mistakes anyway, those of its files besides, so that one round finds all of them. */
export async function withFileMistakes<T>(checked: Checked<T>, at: Path): Promise<Checked<T>> {
  if (checked.mistakes.length === 0) return checked;
  return { ...checked, mistakes: [...checked.mistakes, ...(await namedFileMistakes(checked, at))] };
}

interface NamedFile {
  readonly pointer: string;
  readonly file: string;
}

function named(root: unknown, at: Path, key: Path): NamedFile[] {
  const file = valueAt(root, key);
  return typeof file === 'string' && file !== '' ? [{ pointer: toPointer([...at, ...key]), file }] : [];
}

async function listenerMistakes(root: unknown, at: Path, keys: ListenerKeys): Promise<Mistake[]> {
  const [certificate, key] = [keys.certificate, keys.key].map((path) => named(root, at, path)[0]);
  const authorities = keys.authorities.flatMap((path) => named(root, at, path));
  const mistakes = await tlsFileMistakes({
    ...(certificate ? { certificate: certificate.file } : {}),
    ...(key ? { key: key.file } : {}),
    clientAuthorities: authorities.map(({ file }) => file),
  });
  const all = [key, certificate, ...authorities];
  return mistakes.map(({ path, error }) =>
    inConfiguration(error, all.find((each) => each?.file === path)?.pointer ?? toPointer(at)),
  );
}

/** A vehicle has one unless it is told of another. */
function hasBroker(root: unknown): boolean {
  const enabled = valueAt(root, ['mqtt', 'embedded', 'enabled']);
  return enabled === true || (enabled === undefined && valueAt(root, ['mqtt', 'broker']) === undefined);
}

function inConfiguration(error: TlsError, pointer: string): Mistake {
  if (error.code !== 'TLS_FILE_UNREADABLE') {
    const hint = error.code === 'TLS_AUTHORITIES_INVALID' ? AUTHORITIES_HINT : CONTENT_HINT;
    return { code: 'CONFIG_VALUE', pointer, message: error.message, hint };
  }
  return {
    code: 'CONFIG_UNREADABLE',
    pointer,
    message: `cannot be read (${(error.cause as Error).message})`,
    hint: HINT,
  };
}

function unreadable({ pointer, file }: NamedFile): Mistake[] {
  try {
    accessSync(file, constants.R_OK);
    return [];
  } catch (error) {
    const message = `cannot be read (${(error as Error).message})`;
    return [{ code: 'CONFIG_UNREADABLE', pointer, message, hint: PATH_HINT }];
  }
}

const usesKafka = (records: unknown): boolean =>
  Object.values(isTree(records) ? records : {})
    .flat()
    .includes('kafka');

function kafkaMistakes(ingest: unknown, at: Path): Mistake[] {
  const isEncrypted = /ssl$/i.test(String(valueAt(ingest, ['kafka', 'security.protocol'])));
  const files = isEncrypted ? KAFKA_KEYS.flatMap((key) => named(ingest, at, key)) : [];
  return [...files.flatMap(unreadable), ...codecMistakes(ingest, at)];
}

function codecMistakes(ingest: unknown, at: Path): Mistake[] {
  if ('zstdCompress' in zlib) return [];
  return ['compression.type', 'compression.codec']
    .filter((name) => /^zstd$/i.test(String(valueAt(ingest, ['kafka', name]))))
    .map((name) => ({
      code: 'CONFIG_UNSUPPORTED',
      pointer: toPointer([...at, 'kafka', name]),
      message: `zstd needs Node.js 22.15 or newer, and this is ${process.version}`,
      hint: 'update it, or set lz4, snappy or gzip',
    }));
}

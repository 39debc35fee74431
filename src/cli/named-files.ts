import { accessSync, constants } from 'node:fs';
import * as zlib from 'node:zlib';
import type { Mistake } from '../config/mistake.js';
import { type Path, toPointer } from '../config/pointer.js';
import { report } from '../config/section.js';
import { isTree, valueAt } from '../config/tree.js';
import type { Checked } from '../hub-config.js';
import { readTlsFiles } from '../runtime/tls/tls-files.js';

const KEYS: readonly Path[] = [
  ['tls', 'server_cert'],
  ['tls', 'server_key'],
  ['tls', 'ca_file'],
  ['fleetchart', 'deviceCa'],
];

/** Of Kafka, where some record goes there. */
const KAFKA_KEYS: readonly Path[] = ['ssl.ca', 'ssl.certificate', 'ssl.key', 'ssl.keystore', 'ssl.crl'].map((name) => [
  'kafka',
  `${name}.location`,
]);

const HINT = 'correct the path, which is relative to where the hub is started, or make them: `fleetchart provision`';

/** Where the files are there and hold something else than they should; the message says what. */
const CONTENT_HINT =
  'name files that belong together, in PEM, or make new ones: `fleetchart provision hub --force` writes a certificate and its key';

/**
 * What a check on the machine that will run it finds besides: certificates and keys that are missing, may not be read,
 * or do not fit, and a codec that its Node.js does not have. `at` is where the settings of ingest stand.
 */
export async function namedFileMistakes({ loaded, config }: Checked<unknown>, at: Path): Promise<readonly Mistake[]> {
  const mistakes: Mistake[] = [];
  const namedBy = (keys: readonly Path[]) =>
    keys
      .map((key) => [...at, ...key])
      .flatMap((path) => {
        const file = valueAt(loaded.value, path);
        return typeof file === 'string' && file !== '' ? [{ pointer: toPointer(path), file }] : [];
      });
  const files = namedBy(KEYS);
  const hasKafka = usesKafka(valueAt(loaded.value, [...at, 'records']));
  for (const { pointer, file } of [...files, ...(hasKafka ? namedBy(KAFKA_KEYS) : [])]) {
    try {
      accessSync(file, constants.R_OK);
    } catch (error) {
      const message = `cannot be read (${(error as Error).message})`;
      mistakes.push({ code: 'CONFIG_UNREADABLE', pointer, message, hint: HINT });
    }
  }
  if (hasKafka) mistakes.push(...codecMistakes(loaded.value, at));
  const [certificate, key, ...clientAuthorities] = files.map(({ file }) => file);
  if (mistakes.length === 0 && config !== undefined && certificate !== undefined && key !== undefined) {
    await readTlsFiles({ certificate, key, clientAuthorities }).catch((error: Error) => {
      mistakes.push({
        code: 'CONFIG_VALUE',
        pointer: toPointer([...at, 'tls']),
        message: error.message,
        hint: CONTENT_HINT,
      });
    });
  }
  return report({ ...loaded, mistakes }, []).mistakes;
}

/** Of a configuration that has mistakes anyway, those of its files besides, so that one round finds all of them. */
export async function withFileMistakes<T>(checked: Checked<T>, at: Path): Promise<Checked<T>> {
  if (checked.mistakes.length === 0) return checked;
  return { ...checked, mistakes: [...checked.mistakes, ...(await namedFileMistakes(checked, at))] };
}

const usesKafka = (records: unknown): boolean =>
  Object.values(isTree(records) ? records : {})
    .flat()
    .includes('kafka');

function codecMistakes(settings: unknown, at: Path): Mistake[] {
  if ('zstdCompress' in zlib) return [];
  return ['compression.type', 'compression.codec']
    .map((name) => [...at, 'kafka', name])
    .filter((path) => /^zstd$/i.test(String(valueAt(settings, path))))
    .map((path) => ({
      code: 'CONFIG_UNSUPPORTED',
      pointer: toPointer(path),
      message: `zstd needs Node.js 22.15 or newer, and this is ${process.version}`,
      hint: 'update it, or set lz4, snappy or gzip',
    }));
}

import type { Mistake } from '../config/mistake.js';
import { type Path, toPointer } from '../config/pointer.js';
import { report } from '../config/section.js';
import { isTree, valueAt } from '../config/tree.js';
import {
  type Checked,
  CLIENT_PACKAGES,
  type ClientPackage,
  COMPRESSION_PACKAGES,
  installation,
  isInstalled,
} from '../hub-config.js';

interface Need {
  readonly path: Path;
  readonly client: ClientPackage;
}

/**
 * The packages that are not installed on this machine and that the dispatchers of `records` need, each once: a hub runs
 * without them, and keeps what it cannot deliver. `at` is where the settings of ingest stand.
 */
export function missingPackages(
  { loaded }: Checked<unknown>,
  at: Path,
  isThere: (client: ClientPackage) => boolean = isInstalled,
): readonly Mistake[] {
  const ingest = valueAt(loaded.value, at);
  const used = usedDispatchers(valueAt(ingest, ['records']));
  const clients = [...used].flatMap(([name, path]): Need[] =>
    Object.hasOwn(CLIENT_PACKAGES, name)
      ? [{ path, client: CLIENT_PACKAGES[name as keyof typeof CLIENT_PACKAGES] }]
      : [],
  );
  const warnings = [...clients, ...(used.has('kafka') ? compressionNeeds(ingest) : [])]
    .filter(({ client }) => !isThere(client))
    .map(
      ({ path, client }): Mistake => ({
        code: 'CONFIG_MISSING',
        pointer: toPointer([...at, ...path]),
        message: `the dispatcher ${client.dispatcher} needs the package ${client.name}, which is not installed`,
        hint: installation(client),
      }),
    );
  return report({ ...loaded, mistakes: [], warnings }, []).warnings;
}

/** Each with the first place that names it. */
function usedDispatchers(records: unknown): Map<string, Path> {
  const used = new Map<string, Path>();
  for (const [topic, names] of Object.entries(isTree(records) ? records : {})) {
    for (const [index, name] of (Array.isArray(names) ? names : []).entries()) {
      if (typeof name === 'string' && !used.has(name)) used.set(name, ['records', topic, String(index)]);
    }
  }
  return used;
}

function compressionNeeds(ingest: unknown): Need[] {
  return ['compression.type', 'compression.codec'].flatMap((key): Need[] => {
    const path = ['kafka', key];
    const codec = String(valueAt(ingest, path)).toLowerCase();
    if (!Object.hasOwn(COMPRESSION_PACKAGES, codec)) return [];
    return [{ path, client: COMPRESSION_PACKAGES[codec as keyof typeof COMPRESSION_PACKAGES] }];
  });
}

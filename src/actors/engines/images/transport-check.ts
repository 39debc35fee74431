import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../../runtime/index.js';
import type { Registries } from './registries.js';

/** Where engines look for what they authenticate registries by, `<folder>/<host>/ca.crt` and so on. */
export const CERTIFICATE_FOLDERS = ['/etc/containers/certs.d', '/etc/docker/certs.d'] as const;

/** `transport` → what the engine calls it. */
const NAMES = { rootCa: 'ca.crt', clientCert: 'client.cert', clientKey: 'client.key' } as const;

/**
 * Says of each registry with a `transport` what has to be placed for the engine (REG-3): certificates cannot be passed
 * with a pull, and nothing is ever written there from here.
 *
 * @returns hosts that lack something
 */
export async function checkTransports(
  { entries, insecure }: Registries,
  folders: readonly string[],
  logger: Logger,
): Promise<readonly string[]> {
  const lacking: string[] = [];
  for (const [registry, { transport }] of Object.entries(entries)) {
    if (!transport) continue;
    if (insecure.includes(registry)) {
      logger.warn({ registry }, 'registry_transport_ignored');
      continue;
    }
    const missing = await missingIn(folders.map((folder) => join(folder, registry)));
    if (missing.length === 0) continue;
    lacking.push(registry);
    const sources = missing.map((name) => transport[name]);
    const target = join(folders[0] ?? '', registry);
    const files = missing.map((name, index) => `${sources[index]} as ${join(target, NAMES[name])}`);
    logger.warn({ registry, do: `place ${files.join(', ')}` }, 'registry_certificates_missing');
  }
  return lacking;
}

/** Of the folder that has most. */
async function missingIn(folders: readonly string[]): Promise<Array<keyof typeof NAMES>> {
  const names = Object.keys(NAMES) as Array<keyof typeof NAMES>;
  const missing = await Promise.all(
    folders.map(async (folder) => {
      const isThere = await Promise.all(
        names.map((name) =>
          access(join(folder, NAMES[name])).then(
            () => true,
            () => false,
          ),
        ),
      );
      return names.filter((_name, index) => !isThere[index]);
    }),
  );
  return missing.reduce((least, each) => (each.length < least.length ? each : least), names);
}

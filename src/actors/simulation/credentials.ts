import { X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Authority, issueMany, numberedNames, readAuthority } from '../provisioning/index.js';
import { SimulationError } from './errors.js';

/** What a vehicle shows to the server. */
export interface DeviceCredentials {
  readonly vin: string;
  /** PEM, followed by the authorities between it and the root. */
  readonly certificatePem: string;
  /** PEM without passphrase. */
  readonly keyPem: string;
}

/** VINs of vehicles whose certificates are made on the fly begin with this. */
const VIN_PREFIX = 'SIMULATED';

/** Certificates for `count` new vehicles, valid for a day. */
export async function issueCredentials(
  authority: Authority,
  count: number,
  vinPrefix = VIN_PREFIX,
): Promise<DeviceCredentials[]> {
  const vins = numberedNames(vinPrefix, count);
  // One key serves all: the server verifies each certificate all the same, and a load is no secret.
  const issued = await issueMany(authority, { commonNames: vins, sharedKey: true, days: 1 });
  return issued.map(({ chainPem, keyPem }, index) => ({
    vin: vins[index] as string,
    certificatePem: chainPem,
    keyPem,
  }));
}

/** The same, with the authority in a folder as `fleetchart provision ca` leaves it: `ca.crt`, `ca.key`. */
export async function issueCredentialsFrom(
  directory: string,
  count: number,
  options: { readonly now: number; readonly vinPrefix?: string | undefined },
): Promise<DeviceCredentials[]> {
  return issueCredentials(await readAuthority(directory, options.now), count, options.vinPrefix);
}

/**
 * The first `count` device certificates in a folder, by name, as `fleetchart provision device` leaves them:
 * `NAME/device.crt`, `NAME/device.key`; or a single pair in the folder itself.
 *
 * @throws SimulationError SIMULATION_CERTIFICATES if there are fewer, or one cannot be used
 */
export async function readCredentials(directory: string, count: number): Promise<DeviceCredentials[]> {
  const folders = await deviceFolders(directory);
  if (folders.length < count) {
    throw new SimulationError(
      'SIMULATION_CERTIFICATES',
      `${directory} holds ${counted(folders.length, 'device certificate')}, and ${counted(count, 'vehicle needs', 'vehicles need')} one each`,
      `make more with \`fleetchart provision device --count ${count} --ca DIR --out ${directory}\`, DIR being the folder of their authority, or simulate fewer vehicles`,
    );
  }
  return Promise.all(folders.slice(0, count).map(readPair));
}

const counted = (count: number, one: string, more = `${one}s`): string => `${count} ${count === 1 ? one : more}`;

async function deviceFolders(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: false }).catch((cause: unknown) => {
    throw new SimulationError(
      'SIMULATION_CERTIFICATES',
      `${directory} cannot be read: ${(cause as Error).message}`,
      'name the folder that `fleetchart provision device --out` wrote',
      { cause },
    );
  });
  if (entries.some(({ name }) => name === 'device.crt')) return [directory];
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(directory, name));
  const found = await Promise.all(
    folders.map(async (folder) => ((await readdir(folder)).includes('device.crt') ? [folder] : [])),
  );
  return found.flat().sort();
}

async function readPair(folder: string): Promise<DeviceCredentials> {
  const path = join(folder, 'device.crt');
  try {
    const certificatePem = await readFile(path, 'utf8');
    const keyPem = await readFile(join(folder, 'device.key'), 'utf8');
    return { vin: deviceId(certificatePem), certificatePem, keyPem };
  } catch (cause) {
    throw new SimulationError(
      'SIMULATION_CERTIFICATES',
      `the certificate or key in ${folder} cannot be used: ${(cause as Error).message}`,
      'make it again with `fleetchart provision device --force`',
      { cause },
    );
  }
}

/** By which a server knows the device: the last CN, with dashes for dots (FT-ID-1). */
function deviceId(certificatePem: string): string {
  const names = new X509Certificate(certificatePem).subject.split('\n').filter((line) => line.startsWith('CN='));
  const last = names.at(-1)?.slice(3);
  if (!last) throw new Error('its subject has no CN');
  return last.replaceAll('.', '-');
}

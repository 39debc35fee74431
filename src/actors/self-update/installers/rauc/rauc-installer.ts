import { readFile, stat } from 'node:fs/promises';
import type { Clock } from '../../../../runtime/index.js';
import { type Inspection, type Installer, InstallerError, type InstallRequest, type SlotStatus } from '../installer.js';
import { bootedVersion } from './booted-version.js';
import { Installation } from './installation.js';
import { RaucBus, RaucCallError } from './rauc-bus.js';
import { RaucService } from './rauc-service.js';
import { installedCounts } from './slot-status.js';

export interface RaucInstallerOptions {
  readonly clock: Clock;
  /** As in `DBUS_SYSTEM_BUS_ADDRESS`, which is the default. */
  readonly busAddress?: string;
  /** Where the version is read if the booted slot was not installed by RAUC. @default '/etc/os-release' */
  readonly osReleaseFile?: string;
  /** @default '/proc/sys/kernel/random/boot_id' */
  readonly bootIdFile?: string;
  /** Without any change of the progress for so long, an installation has failed. @default 900 000 */
  readonly stallMs?: number;
}

/** Up to here the signature of a bundle of the format `plain` covers all of it (CVE-2026-34155, mended in RAUC 1.15.2). */
const LARGEST_PLAIN = 2 ** 31;

/** Installs through the service of RAUC on the system bus (SUA §8). */
export class RaucInstaller implements Installer {
  readonly kind = 'rauc';
  private readonly bus: RaucBus;
  private readonly service: RaucService;

  constructor(private readonly options: RaucInstallerOptions) {
    this.bus = new RaucBus(options.busAddress);
    this.service = new RaucService(this.bus);
  }

  async bootedVersion(signal: AbortSignal): Promise<string> {
    try {
      return await bootedVersion(await this.service.slots(signal), this.options.osReleaseFile ?? '/etc/os-release');
    } catch (cause) {
      signal.throwIfAborted();
      const detail = `RAUC does not say which version is booted (${(cause as Error).message}): does its service run?`;
      throw new InstallerError('SELF_UPDATE_NO_VERSION', detail, { cause });
    }
  }

  async bootId(_signal: AbortSignal): Promise<string> {
    return (await readFile(this.options.bootIdFile ?? '/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  }

  async inspect(source: string, signal: AbortSignal): Promise<Inspection> {
    return refused(async () => {
      const { compatible, version, format } = await this.service.inspect(source, signal);
      if (format === undefined || format === 'plain') await refuseLarge(source);
      const slots = await this.service.slots(signal);
      const home = slots.find(({ state }) => state === 'booted')?.name;
      return { version, compatible, slotsBefore: installedCounts(slots), ...(home === undefined ? {} : { home }) };
    });
  }

  async install(
    request: InstallRequest,
    onProgress: (percent: number) => void,
    signal: AbortSignal,
  ): Promise<{ readonly target: string }> {
    const { clock, stallMs = 900_000 } = this.options;
    const installation = new Installation({ service: this.service, clock, stallMs }, request, onProgress, signal);
    return refused(() => installation.run());
  }

  async mark(state: 'active' | 'good' | 'bad', slot: string, signal: AbortSignal): Promise<void> {
    await refused(() => this.service.mark(state, slot, signal));
  }

  async slots(signal: AbortSignal): Promise<readonly SlotStatus[]> {
    return refused(() => this.service.slots(signal));
  }

  async close(): Promise<void> {
    await this.bus.close();
  }
}

/** What the service refuses, in its own words. */
async function refused<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof RaucCallError)) throw error;
    throw new InstallerError('INSTALL_REFUSED', error.message.trim(), { cause: error });
  }
}

async function refuseLarge(source: string): Promise<void> {
  const { size } = await stat(source).catch(() => ({ size: 0 }));
  if (size <= LARGEST_PLAIN) return;
  throw new InstallerError(
    'INSTALL_PLAIN_TOO_LARGE',
    `${source} is a bundle of the format plain over 2 GiB, of which RAUC before 1.15.2 verifies only a part: build it as verity`,
  );
}

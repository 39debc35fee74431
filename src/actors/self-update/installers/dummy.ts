import { access, readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { type Installer, InstallerError } from './installer.js';

const HOME = 'dummy.0';
const TARGET = 'dummy.1';
const STEPS = [20, 40, 60, 80] as const;

/**
 * The reference's installer `dummy` (SUA-35): every bundle has the version `dummy_version`, and nothing is written.
 * `stepMs`: between its reports of progress.
 */
export function createDummyInstaller({ stepMs = 500 }: { readonly stepMs?: number } = {}): Installer {
  return {
    kind: 'dummy',
    bootedVersion: async () => 'dummy_version0',
    bootId: async (signal) => (await readFile('/proc/sys/kernel/random/boot_id', { encoding: 'utf8', signal })).trim(),
    inspect: async () => ({ version: 'dummy_version', home: HOME, slotsBefore: {} }),
    install: async ({ source }, onProgress, signal) => {
      await access(source).catch((cause: unknown) => {
        throw new InstallerError('INSTALL_FAILED', 'Writing partition failed.', { cause });
      });
      for (const percent of STEPS) {
        await wait(stepMs, undefined, { signal });
        onProgress(percent);
      }
      return { target: TARGET };
    },
    mark: async () => {},
    slots: async () => [
      { name: HOME, state: 'booted' },
      { name: TARGET, state: 'inactive' },
    ],
  };
}

import { readFile } from 'node:fs/promises';
import type { SlotStatus } from '../installer.js';

const MULTIPLE_BOOTED_SLOTS = 'error_multiple_booted_slots_detected';
const VERSION_NOT_AVAILABLE = 'bundle_version_not_available';

/** The version that runs (SUA §8.4): what the booted slot was installed from, else what the system says of itself. */
export async function bootedVersion(slots: readonly SlotStatus[], osReleaseFile: string): Promise<string> {
  if (slots.length === 0) return '';
  const booted = slots.filter(({ state }) => state === 'booted');
  if (booted.length > 1) return MULTIPLE_BOOTED_SLOTS;
  return booted[0]?.version ?? (await releaseVersion(osReleaseFile)) ?? VERSION_NOT_AVAILABLE;
}

async function releaseVersion(file: string): Promise<string | undefined> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  const value = (key: string): string | undefined =>
    lines
      .find((line) => line.startsWith(`${key}=`))
      ?.slice(key.length + 1)
      .trim()
      .replace(/^(["'])(.*)\1$/, '$2');
  return value('EDITION_ID') || value('VERSION_ID') || undefined;
}

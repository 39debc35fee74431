import { readFile } from 'node:fs/promises';

/** The kernel's id of this boot (SUA-53). */
export async function kernelBootId(signal: AbortSignal): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', { encoding: 'utf8', signal })).trim();
}

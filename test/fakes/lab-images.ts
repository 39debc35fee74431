import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathOf } from './lab-process.js';

const TOOLS = ['sh', 'sleep', 'echo', 'env', 'cat', 'httpd', 'ls', 'kill', 'wget', 'hostname', 'yes', 'head', 'dd'];

/** What the commands of the images are, by tag (LAB-3). */
export const LAB_IMAGES = {
  /** Runs until it is told to end. */
  '1.0': ['/bin/sh', '-c', 'trap "exit 0" TERM; echo started; sleep 3600 & wait'],
  '2.0': ['/bin/sh', '-c', 'trap "exit 0" TERM; echo "second started"; sleep 3600 & wait'],
  bad: ['/no/such/command'],
  crash: ['/bin/sh', '-c', 'exit 3'],
} as const;

export type LabTag = keyof typeof LAB_IMAGES | 'missing';

/** Why a lab of containers cannot run here: it needs root, these programs and a busybox without libraries. */
export function missingForLab(what: string, programs: readonly string[], packages: string): string | false {
  if (process.getuid?.() !== 0) return `NOT TESTED with ${what}: containers without more set-up need root`;
  const missing = [...programs, 'busybox', 'setpriv'].filter((program) => pathOf(program) === undefined);
  const install = `apt-get install ${packages} busybox-static util-linux`;
  if (missing.length > 0) return `NOT TESTED with ${what}: not installed: ${missing.join(', ')} (${install})`;
  const isStatic = !readFileSync(pathOf('busybox') ?? '')
    .subarray(0, 4096)
    .includes('/ld-');
  return !isStatic && `NOT TESTED with ${what}: busybox needs libraries (apt-get install busybox-static)`;
}

/** The files that all images have, as an archive; its path. */
export function makeLabArchive(folder: string): string {
  const files = join(folder, 'fs');
  for (const name of ['bin', 'data', 'etc', 'tmp']) mkdirSync(join(files, name), { recursive: true });
  copyFileSync(pathOf('busybox') ?? '', join(files, 'bin/busybox'));
  for (const tool of TOOLS) symlinkSync('busybox', join(files, 'bin', tool));
  const archive = join(folder, 'fs.tar');
  execFileSync('tar', ['-C', files, '-cf', archive, '.'], { timeout: 120_000 });
  return archive;
}

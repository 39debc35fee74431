import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { create } from 'tar';

/** Writes `started`, and ends on SIGTERM. */
export const RUNNING = 'trap "exit 0" TERM; echo started; while :; do sleep 0.1; done';

/** An image of the process engine: a folder below `root` under its reference. */
export function folderImage(root: string, reference: string, cmd: readonly string[], more: object = {}): string {
  const folder = join(root, reference);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'image.json'), JSON.stringify({ cmd, ...more }));
  return folder;
}

/** The same as an archive; `files`: path → text. */
export async function archiveImage(
  root: string,
  reference: string,
  cmd: readonly string[],
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  const source = join(root, '.sources', reference);
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, 'image.json'), JSON.stringify({ cmd }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(source, path)), { recursive: true });
    writeFileSync(join(source, path), text, { mode: 0o755 });
  }
  const archive = join(root, `${reference}.tar.gz`);
  mkdirSync(dirname(archive), { recursive: true });
  await create({ file: archive, cwd: source, gzip: true, portable: true }, ['.']);
  return archive;
}

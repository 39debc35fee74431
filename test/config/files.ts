import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** A folder of this test file alone, removed at its end; returns how to write into it. */
export function temporaryFolder(): (name: string, content: string, mode?: number) => string {
  const folder = mkdtempSync(join(tmpdir(), 'fleetchart-config-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return (name, content, mode = 0o600) => {
    const path = join(folder, name);
    writeFileSync(path, content, { mode });
    return path;
  };
}

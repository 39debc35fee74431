// Finds the machines of the build, so that no list of them has to be kept.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = 'dist/src/actors';

/** Each machine below `src/actors`, with its source file and the default times of its folder, by id. */
export async function findMachines() {
  const found = [];
  for (const name of readdirSync(ROOT, { recursive: true }).map(String)) {
    if (!/(^|[\\/.])machine\.js$/.test(name)) continue;
    const file = join(ROOT, name);
    const source = join('src/actors', name.replace(/\.js$/, '.ts'));
    // A build leaves behind what an earlier one made.
    if (!existsSync(source)) continue;
    const timings = await timingsBeside(file);
    for (const machine of Object.values(await load(file))) {
      if (typeof machine !== 'object' || machine?.root === undefined) continue;
      found.push({ machine, source, timings });
    }
  }
  return found.sort((a, b) => (a.machine.id < b.machine.id ? -1 : 1));
}

const load = (file) => import(pathToFileURL(file).href);

/** What `events.ts` of the folder exports as `DEFAULT_…TIMING`, in milliseconds. */
async function timingsBeside(file) {
  if (!readdirSync(dirname(file)).includes('events.js')) return [];
  const exported = Object.entries(await load(join(dirname(file), 'events.js')));
  return exported.filter(([name]) => /^DEFAULT_\w*TIMING$/.test(name)).map(([, timing]) => timing);
}

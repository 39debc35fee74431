import { createProcessEngine } from '../../src/actors/engines/process/index.js';
import { silentLogger, systemClock } from '../../src/runtime/index.js';
import { containerSpec } from '../fakes/container-spec.js';

/** An agent with the process engine in `folder`: starts a container of each image, writes their ids, and waits for its end. */
const [folder = '', imageRoot = '', ...images] = process.argv.slice(2);
const engine = createProcessEngine({ folder, imageRoot, clock: systemClock, logger: silentLogger() });
const { signal } = new AbortController();
const ids: string[] = [];
for (const image of images) {
  await engine.pull({ image }, () => {}, signal);
  const spec = containerSpec({ image });
  await engine.create(spec, signal);
  await engine.start(spec.id, signal);
  ids.push(spec.id);
}
process.stdout.write(`${JSON.stringify(ids)}\n`);
setInterval(() => {}, 60_000);

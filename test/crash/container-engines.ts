import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../../src/actors/engines/engine.js';
import { ApiEngine } from '../../src/actors/engines/engine-api/api-engine.js';
import { createProcessEngine } from '../../src/actors/engines/process/index.js';
import { createSimulatedEngine } from '../../src/actors/engines/simulated/index.js';
import { silentLogger, systemClock } from '../../src/runtime/index.js';
import type { PodmanLab } from '../fakes/podman-lab.js';
import { folderImage, RUNNING } from '../fakes/process-images.js';

/** What a container does: runs, in one of two versions; does not start; exits with 3; has no image. */
export type Tag = '1.0' | '2.0' | 'bad' | 'crash' | 'missing';

/** What runs the containers of one vehicle, and is looked into from outside of it. */
export interface CrashEngine {
  /** Settings of container management. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  image(name: string, tag: Tag): string;
  /** As the vehicle's process left it. */
  open(): Engine;
  /** While no vehicle runs: the engine does not answer until it is brought back by what this gives. */
  hide?(): () => void;
  /** While no vehicle runs: a container is one that the engine can do nothing with any more. */
  breakContainer?(name: string): void;
  /** Ends a container behind the vehicle's back. */
  endContainer?(name: string): Promise<void>;
  /** Where that can be seen: `NAME:TAG` for each start, in order of names, and how many containers left folders. */
  traces(): readonly string[];
}

/** Makes one for the vehicle in `folder`, whose data is in `data` below it. */
export type MakeEngine = (folder: string) => CrashEngine;

const HOME = 'data/containers';
const NEVER = new AbortController().signal;

export const simulated: MakeEngine = (folder) => {
  const file = join(folder, HOME, 'simulated.json');
  return {
    settings: { fleetchart: { engine: 'simulated' } },
    image: (name, tag) => `local/${name}:${tag}`,
    open: () => createSimulatedEngine({ file, clock: systemClock }),
    hide: () => {
      const away = `${file}.away`;
      renameSync(file, away);
      writeFileSync(file, 'no state');
      return () => renameSync(away, file);
    },
    breakContainer: (name) => {
      const state = JSON.parse(readFileSync(file, 'utf8')) as { containers: { name: string; status: string }[] };
      for (const container of state.containers) if (container.name === name) container.status = 'dead';
      writeFileSync(file, JSON.stringify(state));
    },
    traces: () => [],
  };
};

const NAMES = ['map', 'radio', 'old', 'same', 'new'];

export const processes: MakeEngine = (folder) => {
  const imageRoot = join(folder, 'images');
  const started = join(folder, 'started');
  const script = (text: string): string[] => ['/bin/sh', '-c', text];
  for (const name of NAMES) {
    const tell = (tag: Tag): string => `echo ${name}:${tag} >> ${started}`;
    for (const tag of ['1.0', '2.0'] as const) {
      folderImage(imageRoot, `local/${name}:${tag}`, script(`${tell(tag)}; ${RUNNING}`));
    }
    folderImage(imageRoot, `local/${name}:crash`, script(`${tell('crash')}; exit 3`));
    folderImage(imageRoot, `local/${name}:bad`, ['/no/such/command']);
  }
  const open = (): Engine =>
    createProcessEngine({
      folder: join(folder, HOME, 'process'),
      imageRoot,
      clock: systemClock,
      logger: silentLogger(),
    });
  return {
    settings: { fleetchart: { engine: 'process', imageRoot } },
    image: (name, tag) => `local/${name}:${tag}`,
    open,
    hide: () => {
      const away = `${imageRoot}.away`;
      renameSync(imageRoot, away);
      return () => renameSync(away, imageRoot);
    },
    endContainer: (name) => killIn(open(), name),
    traces: () => {
      const starts = existsSync(started) ? readFileSync(started, 'utf8').trim().split('\n').sort() : [];
      return [...starts, `${readdirSync(join(folder, HOME, 'process/containers')).length} folders`];
    },
  };
};

async function killIn(engine: Engine, name: string): Promise<void> {
  const [found] = (await engine.list(undefined, NEVER)).filter((container) => container.name === name);
  if (found) await engine.kill(found.id, 'SIGKILL', NEVER);
}

export const podman =
  (lab: PodmanLab): MakeEngine =>
  () => ({
    settings: {
      fleetchart: { engine: 'engine-api', socket: lab.socketPath },
      containers: {
        insecure_registries: [lab.registry],
        registry_configurations: {
          [lab.registry]: { credentials: { user_id: lab.credentials.user, password: lab.credentials.password } },
        },
      },
    },
    image: (_name, tag) => lab.image(tag),
    open: () => new ApiEngine({ socketPath: lab.socketPath, clock: systemClock }),
    endContainer: (name) => killIn(new ApiEngine({ socketPath: lab.socketPath, clock: systemClock }), name),
    traces: () => [],
  });

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ActorSystem } from '../../runtime/index.js';

/** An actor system for a load alone, whose store is of no use to anybody afterwards. */
export interface ScratchSystem {
  readonly system: ActorSystem;
  /** Stops it and removes its store. */
  close(): Promise<void>;
}

export async function openScratchSystem(): Promise<ScratchSystem> {
  const directory = await mkdtemp(join(tmpdir(), 'fleetchart-simulate-'));
  const system = new ActorSystem({ directory });
  await system.start();
  return {
    system,
    close: async () => {
      await system.stop(1_000);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Reads descriptor files, and puts them into effect over the actors of the containers (CTR-7). */
import { mkdir, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeDescriptor } from '../../protocols/containers/index.js';
import type { EffectArguments, Ids, Logger } from '../../runtime/index.js';
import { errorRecord } from '../../runtime/index.js';
import { type ContainersPort, isGone, type KnownContainers } from './containers-port.js';
import { type Described, deploymentOf } from './deployment-changes.js';
import type { Deployed, ReadOutput } from './deployment-events.js';
import type { DeploymentSettings } from './settings.js';

export interface DeploymentEffectsDeps {
  readonly settings: DeploymentSettings;
  readonly containers: KnownContainers;
  readonly port: ContainersPort;
  readonly ids: Pick<Ids, 'uuid'>;
  readonly logger: Logger;
  /** An update by desired state is under way: nothing is deployed then. */
  readonly isUpdating: () => boolean;
}

/** More is no descriptor. */
const LARGEST_BYTES = 1_048_576;
const MOST_FILES = 1_000;

const NOTHING: ReadOutput = { changes: [], plans: [] };

export class DeploymentEffects {
  constructor(private readonly deps: DeploymentEffectsDeps) {}

  readonly read = async (): Promise<ReadOutput> => {
    const { settings, containers, logger, isUpdating } = this.deps;
    if (isUpdating()) {
      logger.warn({ folder: settings.folder }, 'descriptors_wait_for_the_end_of_an_update');
      return NOTHING;
    }
    if (settings.mode === 'init' && (containers.all().length > 0 || (await this.wasDeployed()))) return NOTHING;
    return deploymentOf(await this.described(), containers.present());
  };

  /**
   * The first stage that fails is undone, and its text is the reason. Where the new instance is gone, the end of the
   * process may have cut off the undoing of any stage, as that begins with it: all are undone then.
   */
  readonly deploy = async (args: EffectArguments<Deployed | undefined>): Promise<void> => {
    const stages = args.input?.stages ?? [];
    for (const { orders, undo } of stages) {
      try {
        await this.deps.port.carryOut(orders, args);
      } catch (error) {
        const undone = isGone(error) ? stages.flatMap((stage) => stage.undo) : undo;
        if (!args.signal.aborted) await this.deps.port.carryOutAll([{ place: 0, orders: undone }], args);
        throw error;
      }
    }
  };

  /** Leaves the mark by which `init` knows that it has been done. */
  async mark(): Promise<void> {
    try {
      await mkdir(this.markFolder, { recursive: true, mode: 0o700 });
    } catch (error) {
      this.deps.logger.warn({ folder: this.markFolder, err: errorRecord(error) }, 'deployment_not_marked');
    }
  }

  private get markFolder(): string {
    return join(this.deps.settings.homeFolder, 'deployment');
  }

  private async wasDeployed(): Promise<boolean> {
    return stat(this.markFolder).then(
      () => true,
      () => false,
    );
  }

  /** In the order of their paths; of two files for one name the first counts. */
  private async described(): Promise<readonly Described[]> {
    const { settings, ids, logger, containers } = this.deps;
    const found = new Map<string, Described>();
    for (const path of await filesBelow(settings.folder)) {
      const skip = (reason: string): void => logger.warn({ path, reason }, 'descriptor_skipped');
      const bytes = await readBounded(path).catch((error: Error) => error);
      if (bytes instanceof Error) {
        skip(bytes.message);
        continue;
      }
      const read = decodeDescriptor(bytes, ids.uuid());
      if (!read.ok) skip(read.error.detail);
      else if (found.has(read.value.config.name)) skip(`another file describes ${read.value.config.name}`);
      else {
        const { id, config } = read.value;
        // The id of one that is there is not free for the one that replaces it.
        const isTaken = containers.find(id) !== undefined || [...found.values()].some((other) => other.id === id);
        found.set(config.name, { id: isTaken ? ids.uuid() : id, config });
      }
    }
    return [...found.values()];
  }
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'ENOENT') return [];
    throw error;
  });
  return entries
    .filter((entry) => !entry.isDirectory() && entry.name.endsWith('.json'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .slice(0, MOST_FILES);
}

async function readBounded(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > LARGEST_BYTES) throw new Error(`larger than ${LARGEST_BYTES} bytes`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

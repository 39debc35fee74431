/** The steps of SoftwareUpdatable; each may be done again after the end of a process. */
import { createHash } from 'node:crypto';
import { type Artifact, checksumProblem } from '../../protocols/container-features/index.js';
import { type ContainerConfig, decodeDescriptor, lifecycleErrors } from '../../protocols/containers/index.js';
import type { Clock, EffectArguments, Ids, Logger } from '../../runtime/index.js';
import type { ContainerCommand } from '../containers/events.js';
import type { ThingsContainers } from './containers.js';
import { type FetchLimits, fetchDescriptor } from './descriptor-fetch.js';
import { ThingsError } from './errors.js';
import type { Fetched, FetchInput, Installed, InstallInput, RemoveInput } from './events.js';

export interface InstallingDeps {
  readonly containers: ThingsContainers;
  readonly ids: Pick<Ids, 'uuid'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: FetchLimits;
}

/** What a descriptor asks for. */
interface Wanted {
  readonly id: string;
  readonly config: ContainerConfig;
}

export class Installing {
  constructor(private readonly deps: InstallingDeps) {}

  readonly fetch = async ({ input, signal }: EffectArguments<FetchInput>): Promise<Fetched> => {
    const wanted: Wanted[] = [];
    for (const artifact of input.module.artifacts) wanted.push(await this.wantedBy(artifact, signal));
    return { secretContainers: JSON.stringify(wanted) };
  };

  readonly install = async ({ input, key, signal }: EffectArguments<InstallInput>): Promise<Installed> => {
    const { containers } = this.deps;
    const ids: string[] = [];
    const activity = `install-${createHash('sha256').update(key).digest('hex').slice(0, 24)}`;
    for (const { id, config } of JSON.parse(input.secretContainers) as Wanted[]) {
      // One whose making the end of a process cut off goes on being made.
      if (containers.find(id)?.activity === activity) await this.command(id, { type: 'CREATE' }, signal);
      else await containers.create(config, { id, start: false, activity }, signal);
      ids.push(id);
    }
    return { ids };
  };

  readonly start = async ({ input, key, signal }: EffectArguments<Installed>): Promise<void> => {
    for (const id of input.ids) await this.command(id, { type: 'START', ensure: true, step: key }, signal);
  };

  readonly remove = async ({ input, signal }: EffectArguments<RemoveInput>): Promise<void> => {
    const { id, mayBeGone } = input;
    if (!this.deps.containers.find(id)) {
      if (mayBeGone) return;
      throw new ThingsError('THINGS_NO_CONTAINER', lifecycleErrors.unknown(id));
    }
    await this.command(id, { type: 'REMOVE', force: true }, signal);
  };

  private async wantedBy({ url, fileName, checksum }: Artifact, signal: AbortSignal): Promise<Wanted> {
    const { clock, ids, limits = {}, logger } = this.deps;
    const bytes = await fetchDescriptor(url, limits, { clock, signal });
    const problem = checksum && checksumProblem(bytes, checksum);
    if (problem !== undefined) throw new ThingsError('THINGS_REJECTED', problem);
    if (!checksum) logger.warn({ fileName }, 'descriptor_without_checksum');
    const container = decodeDescriptor(bytes, ids.uuid());
    if (!container.ok) throw new ThingsError('THINGS_REJECTED', `invalid descriptor: ${container.error.detail}`);
    const { id, config } = container.value;
    return { id, config };
  }

  private async command(id: string, command: ContainerCommand, signal: AbortSignal): Promise<void> {
    const reply = await this.deps.containers.command(id, command, signal);
    if (!reply.ok) throw new ThingsError('THINGS_REFUSED', reply.error);
  }
}

/** The steps of an update, over the actors of the containers. Each may run again after a restart of the process. */
import { currentStatePublication } from '../../protocols/container-update/index.js';
import { compare, inventoryOf } from '../../protocols/containers/index.js';
import type { ActorSystem, EffectArguments, Ids, Logger, OutputEffect } from '../../runtime/index.js';
import { knownErrorRecord } from '../../runtime/index.js';
import { type Carrying, ContainersPort, ContainerUpdateError, type KnownContainers } from './containers-port.js';
import type {
  CompareOutput,
  LogOutput,
  LookInput,
  LookOutput,
  StateOutput,
  StepInput,
  StepsInput,
  StepsOutput,
  Wanted,
} from './events.js';
import { identified } from './identified.js';
import { leftoverSteps } from './leftovers.js';
import { RareLog } from './rare-log.js';
import type { AgentSettings } from './settings.js';

export interface EffectsDeps {
  readonly settings: AgentSettings;
  readonly containers: KnownContainers;
  readonly system: ActorSystem;
  readonly ids: Pick<Ids, 'uuid'>;
  readonly logger: Logger;
  /** Publishes to the broker; resolves when that has acknowledged it. */
  readonly publish: OutputEffect;
  /** When nothing else changes containers: descriptors are put into effect first (CTR-7). False: it takes too long. */
  readonly isFree: () => Promise<boolean>;
}

export class AgentEffects {
  private readonly port: ContainersPort;

  constructor(private readonly deps: EffectsDeps) {
    const { system, settings } = deps;
    const { pullTimeoutS, stopTimeoutS } = settings;
    this.port = new ContainersPort({ system, pullTimeoutS, stopTimeoutS });
  }

  /** CUA-16; ids of what is to be made are given here, so that a machine needs no chance. */
  readonly compare = async (args: EffectArguments<Wanted | null>): Promise<CompareOutput> => {
    const { input: wanted } = args;
    const { containers, ids, isFree, logger } = this.deps;
    if (!wanted) throw new ContainerUpdateError('CONTAINER_UPDATE_NOTHING_WANTED', 'there is no desired state');
    const isAlone = await isFree();
    const { activityId, wishes } = wanted;
    if (isAlone) await this.clearAway(activityId, args);
    logger.info({ activityId, components: wishes.wishes.length }, 'container_update_started');
    for (const warning of wishes.warnings) logger.warn({ activityId, warning }, 'desired_state_doubtful');
    return { ...identified(compare(wishes, containers.present()), () => ids.uuid()), groups: wishes.groups };
  };

  /** What a CLEANUP or a process before has failed to do; what fails again is left for the next time. */
  private async clearAway(activityId: string, carrying: Carrying): Promise<void> {
    const steps = leftoverSteps(this.deps.containers.all());
    if (steps.length === 0) return;
    const failures = await this.port.carryOutAll(steps, carrying);
    this.deps.logger.info({ activityId, containers: steps.length - failures.length }, 'leftovers_cleared_away');
    if (failures.length > 0) this.deps.logger.warn({ activityId, failures }, 'containers_left_behind');
  }

  readonly look = async ({ input }: EffectArguments<LookInput>): Promise<LookOutput> => ({
    running: this.port.running(input.ids),
  });

  readonly takeStep = async ({ input, key, signal, send }: EffectArguments<StepInput>): Promise<void> => {
    const { activityId, command, step } = input;
    try {
      const onProgress = (percent: number): void =>
        send({ type: 'PROGRESS', place: step.place, percent } as { type: string });
      await this.port.carryOut(step.orders, { key, signal, onProgress });
    } catch (error) {
      if (!signal.aborted) {
        const orders = step.orders.map((order) => order.do);
        this.deps.logger.warn(
          { activityId, command, orders, container: step.orders[0]?.id, err: knownErrorRecord(error) },
          'container_step_failed',
        );
      }
      throw error;
    }
  };

  readonly takeSteps = async (args: EffectArguments<StepsInput>): Promise<StepsOutput> => {
    const { activityId, command, steps } = args.input;
    const failures = await this.port.carryOutAll(steps, args);
    if (failures.length > 0) this.deps.logger.warn({ activityId, command, failures }, 'containers_left_behind');
    return { failures };
  };
}

/** What carries out the outputs of the charts. */
export function agentOutputs({ settings, containers, logger, system, publish }: EffectsDeps) {
  const { domain, agentName, version: agentVersion, verboseInventory: isVerbose } = settings;
  const rareLog = new RareLog(logger, system.clock);
  return {
    'mqtt.publish': publish,
    'state.publish': (output, context) => {
      const { activityId, timestamp } = output as StateOutput;
      const inventory = inventoryOf(containers.present(), { domain, agentName, agentVersion, isVerbose });
      return publish(currentStatePublication({ domain, activityId, timestamp }, inventory), context);
    },
    log: (output) => rareLog.take(output as LogOutput),
  } satisfies Record<string, OutputEffect>;
}

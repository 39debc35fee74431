/** The steps of a container's life, over an engine. Each may run again after a restart of the process. */
import { access } from 'node:fs/promises';
import {
  engineName,
  isReservedHost,
  lifecycleErrors,
  limitsOf,
  readStopOptions,
  secondEngineName,
} from '../../protocols/containers/index.js';
import { type Clock, type EffectArguments, knownErrorRecord, type Logger } from '../../runtime/index.js';
import type { Engine } from '../engines/index.js';
import type {
  LimitInput,
  Looked,
  MakeInput,
  Observed,
  Prepared,
  Renamed,
  RenameInput,
  StartInput,
  StepInput,
  StopInput,
} from './chart-events.js';
import { ContainerError } from './errors.js';
import { addressOfInterface, type HostsFiles, resolveHosts } from './hosts.js';
import type { ContainerMeters } from './meters.js';
import type { Neighbours } from './neighbours.js';
import { findWithin, whileLost } from './patience.js';
import { choosePorts, type IsFree } from './ports.js';
import { hostNameOf, OWNER, specOf } from './spec.js';

/** Of the images (REG-1…8), what a container needs. */
export interface ImageSource {
  /** Pulls it if it is absent; progress in whole percent. */
  ensure(
    image: string,
    decryption: { readonly keys: readonly string[]; readonly recipients: readonly string[] },
    onProgress: (percent: number) => void,
    signal: AbortSignal,
  ): Promise<unknown>;
  /** A container of it is gone: it may have expired (REG-8). */
  removed(image: string): void;
}

export interface ContainerEffectsOptions {
  readonly engine: Engine;
  readonly images: ImageSource;
  readonly neighbours: Neighbours;
  readonly hosts: HostsFiles;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meters: ContainerMeters;
  /** Seconds (CTR-9). */
  readonly stopTimeoutS: number;
  readonly isPortFree: IsFree;
}

/** Percent of an image between two reports. */
const PROGRESS_STEP = 5;

const isUp = ({ status }: Observed): boolean => status === 'running' || status === 'paused';

/** A start that a crash cut off has had its run by now: one more would be one too many, and would not be counted. */
const ranSince = ({ status, startedAt }: Observed, known: string): boolean =>
  status === 'exited' && startedAt !== '' && startedAt !== known;

export class ContainerEffects {
  private lastChoice: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: ContainerEffectsOptions) {}

  readonly fetch = (args: EffectArguments<StepInput>): Promise<void> =>
    this.step('fetch', args, async ({ config }, signal) => {
      let reported = 0;
      const onProgress = (percent: number): void => {
        if (percent < reported + PROGRESS_STEP) return;
        reported = percent;
        args.send({ type: 'PROGRESS', percent } as { type: string });
      };
      await this.options.images.ensure(config.image, config.decryption, onProgress, signal);
    });

  readonly prepare = (args: EffectArguments<StepInput>): Promise<Prepared> =>
    this.step('prepare', args, async (input, signal) => {
      const { engine, hosts } = this.options;
      const { id, config } = input;
      const found = await engine.inspect(id, signal);
      await this.checkMounts(input);
      const { name, ports } = await this.inTurn(() => this.promise(input, found?.name, signal));
      const hasHosts = engine.kind === 'engine-api' && config.extraHosts.some(isReservedHost);
      if (hasHosts) await hosts.write(id, hostNameOf(config.hostName), []);
      return { engineName: name, ports, hasHosts };
    });

  readonly make = (args: EffectArguments<MakeInput>): Promise<void> =>
    this.step('make', args, async (input, signal) => {
      const { engine, hosts } = this.options;
      await engine.create(specOf(input, input.hasHosts ? hosts.path(input.id) : undefined), signal);
    });

  readonly start = (args: EffectArguments<StartInput>): Promise<Observed> => {
    // Once, however often it takes until the engine answers.
    let isToldOf = !args.input.isAutomatic;
    return this.step('start', args, async (input, signal) => {
      const found = await this.observe(input, signal);
      if (ranSince(found, input.startedAt)) return found;
      await this.checkMounts(input);
      await this.resolveHosts(input, signal);
      if (!isToldOf) this.tellRestart(input);
      isToldOf = true;
      await this.options.engine.start(input.id, signal);
      await this.limitAgain(input, signal);
      return this.observe(input, signal);
    });
  };

  readonly stop = (args: EffectArguments<StopInput>): Promise<Observed> =>
    this.step('stop', args, async (input, signal) => {
      const plan = readStopOptions(input.options, this.options.stopTimeoutS);
      if (!plan.ok) throw new ContainerError('CONTAINER_REFUSED', plan.error.detail);
      const { timeoutS, force, signal: name } = plan.value;
      const { engine } = this.options;
      const found = await this.observe(input, signal);
      if (!isUp(found)) return found;
      if (force && name === 'SIGTERM') {
        await engine.stop(input.id, timeoutS, signal);
        return this.observe(input, signal);
      }
      // What is paused gets no signal (POD-31).
      if (found.status === 'paused') await engine.resume(input.id, signal);
      for (const next of force ? [name, 'SIGKILL'] : [name]) {
        await engine.kill(input.id, next, signal);
        const ended = await this.ended(input, timeoutS, signal);
        if (ended) return ended;
      }
      throw new ContainerError('CONTAINER_RUNS_ON', lifecycleErrors.stopTimeout(input.id, name));
    });

  readonly pause = (args: EffectArguments<StepInput>): Promise<Observed> =>
    this.step('pause', args, async (input, signal) => {
      await this.options.engine.pause(input.id, signal);
      return this.observe(input, signal);
    });

  readonly resume = (args: EffectArguments<StartInput>): Promise<Observed> =>
    this.step('resume', args, async (input, signal) => {
      await this.options.engine.resume(input.id, signal);
      await this.limitAgain(input, signal);
      return this.observe(input, signal);
    });

  readonly rename = (args: EffectArguments<RenameInput>): Promise<Renamed> =>
    this.step('rename', args, async (input, signal) => {
      const { name: before } = await this.observe(input, signal);
      const name = await this.inTurn(() => this.freeName(input, before, signal));
      if (name !== before) await this.options.engine.rename(input.id, name, signal);
      return { engineName: name };
    });

  readonly limit = (args: EffectArguments<LimitInput>): Promise<void> =>
    this.step('limit', args, ({ id, resources }, signal) =>
      this.options.engine.updateLimits(id, limitsOf(resources), signal),
    );

  readonly look = (args: EffectArguments<StepInput>): Promise<Looked> =>
    this.step('look', args, async (input, signal) => {
      const found = await this.options.engine.inspect(input.id, signal);
      if (found) return found;
      this.options.logger.warn(contextOf(input), 'container_vanished');
      return null;
    });

  readonly remove = (args: EffectArguments<StepInput>): Promise<void> =>
    this.step('remove', args, async ({ id, config }, signal) => {
      const { engine, neighbours, hosts, images } = this.options;
      await engine.remove(id, signal);
      await hosts.remove(id);
      neighbours.forget(id);
      images.removed(config.image);
    });

  /** Waits for an engine that is lost, and logs and counts what fails. */
  private async step<Input extends StepInput, Output>(
    step: string,
    { input, signal }: EffectArguments<Input>,
    work: (input: Input, signal: AbortSignal) => Promise<Output>,
  ): Promise<Output> {
    const { clock, logger, meters } = this.options;
    try {
      return await whileLost(() => work(input, signal), clock, signal);
    } catch (error) {
      if (!signal.aborted) {
        meters.failures.inc({ step });
        logger.warn({ ...contextOf(input), step, err: knownErrorRecord(error) }, 'container_step_failed');
      }
      throw error;
    }
  }

  private tellRestart(input: StartInput): void {
    const { logger, meters } = this.options;
    meters.restarts.inc();
    logger.info({ ...contextOf(input), restartCount: input.restartCount }, 'container_is_restarted');
  }

  private async observe({ id, config }: StepInput, signal: AbortSignal): Promise<Observed> {
    const found = await this.options.engine.inspect(id, signal);
    if (found) return found;
    throw new ContainerError('CONTAINER_GONE', `container ${config.name} no longer exists`);
  }

  private ended(input: StepInput, timeoutS: number, signal: AbortSignal): Promise<Observed | undefined> {
    const look = async (): Promise<Observed | undefined> => {
      const found = await this.observe(input, signal);
      return isUp(found) ? undefined : found;
    };
    return findWithin(look, timeoutS * 1_000, this.options.clock, signal);
  }

  /** POD-16: engines make folders of sources that do not exist. */
  private async checkMounts({ config }: StepInput): Promise<void> {
    if (this.options.engine.kind === 'simulated') return;
    for (const { source } of config.mounts) {
      await access(source).catch((error: unknown) => {
        throw new ContainerError('CONTAINER_MOUNT', `mount source ${source} does not exist`, { cause: error });
      });
    }
  }

  /** POD-4: engines may go back to the limits that a container was made with. It runs all the same if they do. */
  private async limitAgain(input: StartInput, signal: AbortSignal): Promise<void> {
    const { resources } = input.config;
    if (!input.isLimited && JSON.stringify(resources) === JSON.stringify(input.madeWith)) return;
    try {
      await this.options.engine.updateLimits(input.id, limitsOf(resources), signal);
    } catch (error) {
      this.options.meters.failures.inc({ step: 'limit' });
      this.options.logger.warn({ ...contextOf(input), err: knownErrorRecord(error) }, 'container_without_its_limits');
    }
  }

  private async resolveHosts(input: StartInput, signal: AbortSignal): Promise<void> {
    const { engine, hosts, neighbours, logger } = this.options;
    const { id, config, hasHosts } = input;
    const entries = await resolveHosts(config.extraHosts, {
      gateway: () => engine.bridgeGateway(signal),
      ofInterface: addressOfInterface,
      ofContainer: async (hostName) => {
        const [only, ...more] = neighbours.withHostName(hostName, id);
        if (only === undefined || more.length > 0) return undefined;
        return (await engine.inspect(only, signal))?.ipAddress || undefined;
      },
      unresolved: (entry) => logger.warn({ ...contextOf(input), host: entry }, 'extra_host_skipped'),
    });
    if (hasHosts) await hosts.write(id, hostNameOf(config.hostName), entries);
  }

  /** One choice after the other, so that nothing is promised twice. */
  private inTurn<Choice>(choose: () => Promise<Choice>): Promise<Choice> {
    const choice = this.lastChoice.then(choose);
    this.lastChoice = choice.catch(() => {});
    return choice;
  }

  private async promise(input: StepInput, present: string | undefined, signal: AbortSignal) {
    const { engine, neighbours, isPortFree } = this.options;
    const { id, config } = input;
    const name = await this.freeName(input, present, signal);
    // Only there ports are published.
    const isFree: IsFree = engine.kind === 'engine-api' ? isPortFree : async () => true;
    const ports = await choosePorts(config.ports, neighbours.portsOf(id), isFree);
    neighbours.holdPorts(id, ports);
    return { name, ports };
  }

  /** ENG-2. `present`: the name that it has in the engine. */
  private async freeName(input: StepInput, present: string | undefined, signal: AbortSignal): Promise<string> {
    const { id, config, role, activity } = input;
    const wanted = engineName(config.name, role, activity);
    const plain = engineName(config.name, 'current', activity);
    if (role === 'pending') await this.holder(plain, id, signal);
    for (const name of [wanted, secondEngineName(wanted, id)]) {
      if (name !== present && (await this.holder(name, id, signal)) !== 'nobody') continue;
      this.options.neighbours.holdName(id, name);
      return name;
    }
    throw new ContainerError('CONTAINER_NAME', `container name ${wanted} is in use`);
  }

  /** Throws if the name is held by what is not managed here. */
  private async holder(name: string, id: string, signal: AbortSignal): Promise<'nobody' | 'another'> {
    const { engine, neighbours } = this.options;
    const isPromised = neighbours.hasName(name, id);
    if (!(await engine.isNameTaken(name, signal))) return isPromised ? 'another' : 'nobody';
    if (isPromised || (await engine.list(OWNER, signal)).some((other) => other.name === name)) return 'another';
    const text = `container name ${name} is in use by a container that is not managed here`;
    throw new ContainerError('CONTAINER_NAME', text);
  }
}

const contextOf = ({ id, config, activity }: StepInput) => ({
  container: id,
  name: config.name,
  ...(activity === '' ? {} : { activityId: activity }),
});

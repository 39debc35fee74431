import { setMaxListeners } from 'node:events';
import type {
  Asker,
  ContainerOrder,
  OperationFailure,
  WantedConfig,
} from '../../protocols/container-features/index.js';
import { completeConfig, lifecycleErrors, readUpdate } from '../../protocols/containers/index.js';
import type { Result } from '../../protocols/result.js';
import type { ActorSystem, Ids, Logger, OutputEffect } from '../../runtime/index.js';
import { knownErrorRecord } from '../../runtime/index.js';
import type { ContainerCommand } from '../containers/events.js';
import type { ThingsContainers } from './containers.js';
import { BRIDGE, type BridgeEvent, type OperateOutput } from './events.js';

/** Operations at once; each may be the pull of an image. */
const MOST_AT_ONCE = 64;

export interface OperationsDeps {
  readonly containers: ThingsContainers;
  readonly ids: Pick<Ids, 'uuid'>;
  readonly system: Pick<ActorSystem, 'tellStored'>;
  readonly logger: Logger;
}

type Done = Omit<Extract<BridgeEvent, { type: 'OPERATED' }>, 'type' | 'asker'>;

/** Carries out what the cloud asks of containers; the bridge is told what to answer (THG-14). */
export class Operations {
  private ending = new AbortController();
  private underWay = 0;

  constructor(private readonly deps: OperationsDeps) {}

  /** After {@link close}, too. */
  open(): void {
    this.ending = new AbortController();
    setMaxListeners(2 * MOST_AT_ONCE, this.ending.signal);
  }

  /** For `things.operate` outputs. */
  readonly carry: OutputEffect = (output) => {
    const { asker, operation } = output as OperateOutput;
    // Not waited for: others have their turn meanwhile.
    void this.run(operation).then((done) => this.tell(asker, done));
  };

  /** Gives up what is under way. */
  close(): void {
    this.ending.abort();
  }

  private async run(operation: OperateOutput['operation']): Promise<Done> {
    if (this.underWay >= MOST_AT_ONCE) return failed(`${MOST_AT_ONCE} operations are under way already`);
    this.underWay++;
    try {
      return operation.operation === 'create' ? await this.create(operation) : await this.command(operation);
    } catch (error) {
      this.deps.logger.warn({ operation: operation.operation, err: knownErrorRecord(error) }, 'operation_failed');
      return failed(error instanceof Error ? error.message : String(error));
    } finally {
      this.underWay--;
    }
  }

  private async create(operation: Extract<OperateOutput['operation'], { operation: 'create' }>): Promise<Done> {
    const { imageRef, name, isStarted, secretConfig } = operation;
    if (imageRef === '') return failed('imageRef must be set');
    const { containers, ids } = this.deps;
    const id = ids.uuid();
    const wanted = JSON.parse(secretConfig) as WantedConfig;
    const config = completeConfig({ ...wanted, image: imageRef, name: name || id });
    if (!config.ok) return failed(config.error.detail);
    return { value: await containers.create(config.value, { id, start: isStarted }, this.ending.signal) };
  }

  private async command(operation: Extract<OperateOutput['operation'], { operation: 'command' }>): Promise<Done> {
    const { id } = operation;
    const { containers } = this.deps;
    const command = commandOf(operation.command);
    if (!command.ok) return failed(command.error.detail);
    if (!containers.find(id)) return failed(lifecycleErrors.unknown(id));
    const reply = await containers.command(id, command.value, this.ending.signal);
    return reply.ok ? {} : failed(reply.error);
  }

  private async tell(asker: Asker, done: Done): Promise<void> {
    try {
      await this.deps.system.tellStored(BRIDGE, { type: 'OPERATED', asker, ...done } as { type: string });
    } catch (error) {
      // The store is closed, or full: whoever asked sees that no answer comes.
      this.deps.logger.warn({ err: knownErrorRecord(error) }, 'operation_not_answered');
    }
  }
}

const failed = (message: string): Done => ({ failure: { status: 500, message } satisfies OperationFailure });

/** What can be wrong with limits and a policy is said as the engine's errors are. */
function commandOf(order: ContainerOrder): Result<ContainerCommand> {
  if (order.type !== 'UPDATE') return { ok: true, value: order };
  const update = readUpdate(order);
  return update.ok ? { ok: true, value: { type: 'UPDATE', ...update.value } } : update;
}

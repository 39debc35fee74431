import { setImmediate } from 'node:timers/promises';
import { type ActorSystem, errorRecord, type Logger, type OutputEffect, type Refusals } from '../../runtime/index.js';
import type { LogOutput, RefuseOutput, ThenTellOutput } from './events.js';

export interface EffectsDeps {
  readonly system: ActorSystem;
  readonly logger: Logger;
  /** Publishes to the broker; resolves when that has acknowledged it. */
  readonly publish: OutputEffect;
  /** @default nothing happens */
  readonly reboot?: (() => Promise<void>) | undefined;
}

/** What carries out the outputs of the three charts. */
export function managerOutputs({ system, logger, publish, reboot }: EffectsDeps, refusals: Refusals) {
  return {
    'mqtt.publish': publish,
    // Outputs of an actor are carried out one after another: what was published before is with the broker by now.
    'then.tell': async (output) => {
      const { to, event } = output as ThenTellOutput;
      await system.tellStored(to, event);
    },
    'log.info': (output) => {
      const { message, fields } = output as LogOutput;
      logger.info(fields, message);
    },
    'log.warn': (output) => {
      const { message, fields } = output as LogOutput;
      logger.warn(fields, message);
    },
    refuse: (output) => {
      const { peer, reason, fields } = output as RefuseOutput;
      refusals.refuse(peer, reason, fields);
    },
    // Done with before it is done, so that no later process reboots once more.
    reboot: () =>
      void rebootAfterFlush(system, reboot).catch((error: unknown) =>
        logger.error({ err: errorRecord(error) }, 'reboot_failed'),
      ),
  } satisfies Record<string, OutputEffect>;
}

async function rebootAfterFlush(system: ActorSystem, reboot: EffectsDeps['reboot']): Promise<void> {
  await setImmediate();
  await system.commit.flushed();
  await reboot?.();
}

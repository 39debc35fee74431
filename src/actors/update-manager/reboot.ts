import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface RebootOptions {
  /** `FILE_SYS_RQ` and `FILE_SYS_RQ_TRIGGER` name the kernel's files; empty: a reboot by the system's commands. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly logger: { error(fields: object, message: string): void };
  /** @default runs it */
  readonly run?: (command: string, args: readonly string[]) => Promise<unknown>;
  /** @default Node's */
  readonly platform?: string;
}

const execute = promisify(execFile);

/**
 * How a vehicle is rebooted after an update (UM-RBT-3). The kernel does so at once, without syncing or unmounting: what
 * must last has to be on disk before. Failures are logged, as nobody is left to be told.
 */
export function createReboot({ environment, logger, ...options }: RebootOptions): () => Promise<void> {
  const run = options.run ?? ((command, args) => execute(command, [...args]));
  const root = existsSync('/proc') ? '/proc' : '/wproc';
  const enable = environment['FILE_SYS_RQ'] ?? `${root}/sys/kernel/sysrq`;
  const trigger = environment['FILE_SYS_RQ_TRIGGER'] ?? `${root}/sysrq-trigger`;
  const commands =
    (options.platform ?? process.platform) === 'win32'
      ? [['shutdown', '/s']]
      : enable === '' || trigger === ''
        ? [['sync'], ['reboot', '-f']]
        : undefined;
  const steps = commands
    ? commands.map(([command = '', ...args]) => ({ target: command, take: () => run(command, args) }))
    : [
        { target: enable, take: () => writeFile(enable, '1') },
        { target: trigger, take: () => writeFile(trigger, 'b') },
      ];
  return async () => {
    for (const { target, take } of steps) {
      try {
        await take();
      } catch (error) {
        const message = `cannot reboot after successful update operation. cannot send signal to ${target}.`;
        logger.error({ err: error }, message);
        return;
      }
    }
  };
}

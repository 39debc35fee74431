import { omitEmpty } from './compact.js';
import { objectOf, type Read, text } from './go-json.js';

/** The commands of an update, in their order; then what undoes and what ends one (spec 3.4). */
export const PHASE_COMMANDS = ['DOWNLOAD', 'UPDATE', 'ACTIVATE'] as const;
export type PhaseCommand = (typeof PHASE_COMMANDS)[number];
export type Command = PhaseCommand | 'ROLLBACK' | 'CLEANUP';

export interface DesiredStateCommand {
  readonly command?: string;
  /** Never set by a manager; `""` and `"*"` mean all. */
  readonly baseline?: string;
}

export const readCommand: Read<DesiredStateCommand | undefined> = objectOf((member) =>
  omitEmpty({ command: member('command', text), baseline: member('baseline', text) }),
);

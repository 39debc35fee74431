import type { Resources } from '../../protocols/containers/index.js';
import type { EngineContainer, PublishedPort } from '../engines/index.js';
import type {
  ContainerChanged,
  ContainerCommand,
  ContainerFacts,
  ContainerInput,
  ContainerReply,
  ContainerSighting,
  StopOptions,
} from './events.js';

export { timeOf } from '../../runtime/event-facts.js';

/** A command that is being carried out; `SUSPEND` is the stop of a process that takes its containers along (CTR-13). */
export type Asked = ContainerCommand | Suspend;

export interface Suspend {
  readonly type: 'SUSPEND';
  readonly replyTo?: string;
}

export type ChartEvent =
  | ContainerCommand
  | ContainerSighting
  | Suspend
  | { readonly type: 'PROGRESS'; readonly percent: number }
  | { readonly type: 'runtime.restored'; readonly cause: string };

export type ChartInput = ContainerInput & { readonly address: string };

/** Persisted context, version 1. */
export interface ContainerContext extends ContainerFacts {
  /** As it was named in the engine last (ENG-2); empty before it is made. */
  readonly engineName: string;
  /** Chosen when it was made (POD-18). */
  readonly ports: readonly PublishedPort[];
  /** Whether the hosts file of its own is mounted into it (POD-33). */
  readonly hasHosts: boolean;
  /** What it was made with: an engine may fall back to that at each start (POD-4). */
  readonly madeWith: Resources;
  /** Its limits were changed since, be it back to those: an engine may as well keep what it was told last. */
  readonly isLimited?: boolean;
  /** Of the image, while it is fetched. */
  readonly percent: number;
  /** Automatic restarts in a row, each after a short run (CTR-15). */
  readonly inARow: number;
  /** Stopped along with the process, to be started with the next one. */
  readonly isSuspended: boolean;
  /** The engine shows it in a state that says nothing. */
  readonly isUnclear: boolean;
  /** What the engine link last saw, until the engine has been asked. */
  readonly sighted: EngineContainer | null;
  readonly asked: Asked | null;
  /** The step that it was last started for. */
  readonly startedFor?: string;
}

/** Carried to the watchers. */
export interface ChangedOutput {
  readonly type: 'container.changed';
  readonly changed: ContainerChanged;
}

export interface AnswerOutput {
  readonly type: 'reply';
  readonly to: string;
  readonly value: ContainerReply;
}

/** After its last answer: nobody is to wait for another one. */
export interface GoneOutput {
  readonly type: 'container.gone';
  readonly id: string;
}

export type ChartOutput = ChangedOutput | AnswerOutput | GoneOutput;

// What the effects get and give.

export type StepInput = Pick<ContainerContext, 'id' | 'config' | 'role' | 'activity'>;

export const stepOf = ({ id, config, role, activity }: ContainerContext): StepInput => ({ id, config, role, activity });

export interface Prepared {
  readonly engineName: string;
  readonly ports: readonly PublishedPort[];
  readonly hasHosts: boolean;
}

export type MakeInput = StepInput & Prepared;

export interface StartInput extends StepInput {
  readonly hasHosts: boolean;
  /** When the last run that is known of began. */
  readonly startedAt: string;
  /** By the restart policy. */
  readonly isAutomatic: boolean;
  readonly restartCount: number;
  /** Limits are put again where they are others, or have been. */
  readonly madeWith: Resources;
  readonly isLimited: boolean;
}

export interface StopInput extends StepInput {
  readonly options: StopOptions;
}

/** With the name and the role that it is to have. */
export type RenameInput = StepInput;

export interface Renamed {
  readonly engineName: string;
}

export interface LimitInput extends StepInput {
  readonly resources: Resources;
}

/** How the engine shows it after a step. */
export type Observed = EngineContainer;

/** Null: it is not there. */
export type Looked = EngineContainer | null;

/** Of the stop that is asked for; a stop along with the process is the reference's (CTR-13). */
export const stopOptions = ({ asked }: ContainerContext): StopOptions =>
  asked?.type === 'STOP'
    ? {
        ...(asked.timeoutS === undefined ? {} : { timeoutS: asked.timeoutS }),
        ...(asked.signal === undefined ? {} : { signal: asked.signal }),
        force: asked.force ?? false,
      }
    : { force: true };

export const wantedResources = ({ asked, config }: ContainerContext): Resources =>
  (asked?.type === 'UPDATE' ? asked.resources : undefined) ?? config.resources;

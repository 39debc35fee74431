import type {
  CommandName,
  IdentifiedAction,
  Operation,
  Publication,
  Step,
  StepFailure,
  UpdateCommand,
} from '../../protocols/container-update/index.js';
import type { ContainerConfig, Wishes, WishGroup } from '../../protocols/containers/index.js';

export { isBoot, timeOf } from '../../runtime/event-facts.js';

/** Of the agent and of its inventory: the domain is the key of both. */
export const agentAddress = (domain: string): string => `container-update-agent/${domain}`;
export const inventoryAddress = (domain: string): string => `container-inventory/${domain}`;

/** What of the configuration the chart goes by. It is told again at each start of the process. */
export interface ChartSettings {
  readonly domain: string;
  /** Go on without an update manager (CUA-22). */
  readonly autoCommands: boolean;
}

export interface AgentInput {
  readonly settings: ChartSettings;
}

/** A desired state that was understood. */
export interface Wanted {
  readonly activityId: string;
  /** Of the whole message: a redelivery has the same. */
  readonly digest: string;
  readonly wishes: Wishes;
}

/** Persisted context, version 1. */
export interface AgentContext {
  readonly settings: ChartSettings;
  readonly operation: Operation | null;
  /** Until it is compared with what is there. Not longer, for there may be secrets in it. */
  readonly wanted: Wanted | null;
}

/** What waits for its turn while something is carried out (CUA-24). */
export type AgentInbound =
  | ({ readonly type: 'DESIRED_STATE' } & Wanted)
  | { readonly type: 'DESIRED_STATE.INVALID'; readonly activityId: string; readonly reason: string }
  | ({ readonly type: 'COMMAND' } & UpdateCommand);

export type AgentEvent =
  | AgentInbound
  /** The settings of this start of the process. */
  | { readonly type: 'CONFIGURE'; readonly settings: ChartSettings }
  /** Of the running step: how far its image is. */
  | { readonly type: 'PROGRESS'; readonly place: number; readonly percent: number }
  | { readonly type: 'runtime.restored'; readonly cause: string };

export interface LogOutput {
  readonly type: 'log';
  readonly level: 'info' | 'warn';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Makes the actor of a container that is wanted; nothing is made in the engine until its CREATE. */
export interface StartOutput {
  readonly type: 'start';
  readonly address: string;
  readonly input: { readonly config: ContainerConfig; readonly role: 'pending'; readonly activity: string };
}

export interface TellOutput {
  readonly type: 'tell';
  readonly to: string;
  readonly event: { readonly type: string };
}

export type AgentOutput = Publication | StartOutput | TellOutput | LogOutput;

// What the effects get and give.

/** A container to be made, with the id of its actor. */
export interface Plan {
  readonly id: string;
  readonly config: ContainerConfig;
}

export interface CompareOutput {
  readonly found: readonly IdentifiedAction[];
  readonly groups: readonly WishGroup[];
  readonly plans: readonly Plan[];
}

export interface LookInput {
  /** Of instances. */
  readonly ids: readonly string[];
}

export interface LookOutput {
  /** Those that run, or are about to run again. */
  readonly running: readonly string[];
}

/** For the log, and the step. */
export interface StepInput {
  readonly activityId: string;
  readonly command: CommandName | 'SUPERSEDE';
  readonly step: Step;
}

export interface StepsInput extends Omit<StepInput, 'step'> {
  readonly steps: readonly Step[];
}

/** All steps were taken; these went wrong. */
export interface StepsOutput {
  readonly failures: readonly StepFailure[];
}

// The inventory.

export type InventoryEvent =
  | { readonly type: 'BROKER.UP' }
  | { readonly type: 'BROKER.DOWN' }
  | { readonly type: 'GET_STATE'; readonly activityId: string }
  /** An operation has ended. */
  | { readonly type: 'REPORT' }
  | { readonly type: 'CONTAINER.CHANGED'; readonly role: string }
  | { readonly type: 'runtime.restored'; readonly cause: string };

/** The current state is to be published, as it is by the time that this is carried out. */
export interface StateOutput {
  readonly type: 'state.publish';
  readonly activityId: string;
  readonly timestamp: number;
}

/** Milliseconds: how long nobody may send a command before that is worth a warning (CUA-22), and how long changes of containers are gathered (CUA-7). */
export const DEFAULT_AGENT_TIMING = { unattendedAfter: 60_000, settleAfter: 1_000 } as const;

/** Descriptors of containers that are put into effect at each start of the process (CTR-7). */
import type { Order } from '../../protocols/container-update/index.js';
import type { LogOutput, Plan, StartOutput } from './events.js';

export const DEPLOYMENT = 'deployment/containers';
/** What containers are made by that are made from files. */
export const ACTIVITY = 'deployment';

/** What is done about one container, in stages: one that fails is undone, and ends it. */
export interface Deployed {
  readonly name: string;
  readonly kind: string;
  readonly stages: readonly Stage[];
}

export interface Stage {
  readonly orders: readonly Order[];
  readonly undo: readonly Order[];
}

/** What the files come to; empty if there is nothing to do. */
export interface ReadOutput {
  readonly changes: readonly Deployed[];
  readonly plans: readonly Plan[];
}

/** Persisted context, version 1. */
export interface DeploymentContext {
  readonly changes: readonly Deployed[];
  /** Place of the one that is worked on. */
  readonly at: number;
}

export type DeploymentEvent =
  /** The process has started. */
  { readonly type: 'DEPLOY' } | { readonly type: 'runtime.restored'; readonly cause: string };

/** Whoever waited for it may change containers now. */
export interface DoneOutput {
  readonly type: 'deployment.done';
}

export type DeploymentOutput = DoneOutput | StartOutput | LogOutput;

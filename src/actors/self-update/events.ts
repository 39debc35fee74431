import type { BundlePins, Carried, OutboundMessage } from '../../protocols/self-update/index.js';

export { timeOf } from '../../runtime/event-facts.js';

/** How bundles get into a slot (SUA §7): fetched first, by the installer itself, or not at all. */
export type InstallMode = 'download' | 'stream' | 'dummy';

/** What of the configuration the chart goes by. It is told again at each start of the process. */
export interface ChartSettings {
  readonly mode: InstallMode;
  /** Fetch and install from a file when streaming fails (D-10). */
  readonly streamFallback: boolean;
  /** Say IDENTIFIED without actions before COMPLETED (D-5). */
  readonly umCompat: boolean;
  /** Send the reference's empty message after UPDATE_SUCCESS (D-1). */
  readonly strictReference: boolean;
  /** Of all topics. */
  readonly prefix: string;
  /** Build number in the inventory (SUA-17). */
  readonly build: string;
  readonly imageName: string;
}

export interface AgentInput {
  readonly settings: ChartSettings;
}

/** What a desired state asks for. */
export interface Trigger {
  readonly activityId: string;
  readonly version: string;
  readonly url: string;
  readonly pins?: BundlePins;
}

/** Persisted context, version 1. */
export interface AgentContext {
  readonly settings: ChartSettings;
  /** The last adopted one; null while none was seen since the start of the process (SUA-16). */
  readonly activityId: string | null;
  readonly desired: Omit<Trigger, 'activityId'> | null;
  /** The last known one. */
  readonly bootedVersion: string | null;
  /** Bytes and percent. */
  readonly download: { readonly total: number; readonly done: number; readonly percent: number };
  readonly install: { readonly percent: number };
  /** What the last messages of the activity will say. */
  readonly carried: Carried;
  /** Of the running activity. */
  readonly mode: InstallMode;
  /** Streaming has failed: the bundle is fetched after all (SUA-36). */
  readonly fallback: boolean;
  /** One CLEANUP is still answered (D-7). */
  readonly rolledBack: boolean;
  readonly installed: boolean;
  /** Path of the fetched bundle. */
  readonly bundle: string | null;
  readonly slotsBefore: Readonly<Record<string, number>>;
  /** Slot names (SUA-43): booted when the install starts, and installed to. */
  readonly home: string | null;
  readonly target: string | null;
  /** Boot id at the time of the activation (SUA-53). */
  readonly activatedBoot: string | null;
  /** Supersedes the activity that is being undone (D-6). */
  readonly next: Trigger | null;
  /** Where "same version" returns to. */
  readonly origin: 'connected' | 'idle';
  /** Restarts of the process while writing (SUA-52). */
  readonly restarts: number;
  /** Timestamp of the last message: none has a lower one (SUA-6). */
  readonly publishedAt: number;
}

/** What waits for its turn while a step runs (SUA-5): the broker's messages and its coming and going. */
export type AgentInbound =
  | { readonly type: 'BROKER.UP' }
  | { readonly type: 'BROKER.DOWN' }
  | ({ readonly type: 'DESIRED_STATE' } & Trigger)
  | { readonly type: 'DESIRED_STATE.INVALID'; readonly activityId: string; readonly reason: string }
  | { readonly type: 'GET_STATE'; readonly activityId?: string }
  | {
      readonly type: 'CMD.DOWNLOAD' | 'CMD.UPDATE' | 'CMD.ACTIVATE' | 'CMD.CLEANUP' | 'CMD.ROLLBACK';
      readonly activityId: string;
    }
  /** `reason` says which command, or what is wrong with the message. */
  | { readonly type: 'CMD.UNKNOWN'; readonly activityId: string; readonly reason: string };

export type AgentEvent =
  | AgentInbound
  /** The settings of this start of the process. */
  | { readonly type: 'agent.configure'; readonly settings: ChartSettings }
  | { readonly type: 'runtime.restored'; readonly cause: string }
  | ProgressEvent;

/** Of a download or an install; `isDue`: long enough after the last one to be published (SUA-23). */
export interface ProgressEvent {
  readonly type: 'PROGRESS';
  readonly percent: number;
  readonly isDue: boolean;
  /** Bytes. */
  readonly done?: number;
  readonly total?: number;
}

/** Carried by the MQTT link. */
export type PublishOutput = { readonly type: 'mqtt.publish' } & OutboundMessage;

// What the effects get and give.

export interface BootedOutput {
  readonly bootedVersion: string;
}

/** Of `compareVersion`: what is known if it cannot be read now. */
export interface CompareInput {
  readonly activityId: string | null;
  readonly lastKnown: string | null;
}

/** How the activity stands that is cleaned up after; for the log. */
export interface CleanUpInput {
  readonly activityId: string | null;
  readonly outcome: string;
  readonly message: string;
}

export interface InspectedBundle {
  readonly version: string;
  readonly home?: string;
  readonly slotsBefore: Readonly<Record<string, number>>;
}

export interface DownloadInput {
  readonly activityId: string | null;
  readonly url: string;
  readonly version: string;
  /** Only look at the bundle: the installer fetches it (D-9). */
  readonly isStream: boolean;
  readonly pins?: BundlePins;
}

export interface DownloadOutput {
  readonly bytes: number;
  readonly path: string | null;
  /** In stream mode. */
  readonly inspected?: InspectedBundle;
}

export interface InspectInput {
  readonly activityId: string | null;
  readonly source: string;
  readonly version: string;
}

export interface InstallInput extends InspectInput {
  readonly slotsBefore: Readonly<Record<string, number>>;
}

export interface InstallOutput {
  readonly target: string;
}

export interface MarkInput {
  readonly slot: string | null;
}

export interface ActivateOutput {
  /** Null if it cannot be read. */
  readonly bootId: string | null;
}

export interface CleanUpOutput extends ActivateOutput {
  readonly bootedVersion: string | null;
}

export interface UndoInput {
  readonly isInstalled: boolean;
  /** To be active again, if something was installed. */
  readonly slot: string | null;
  /** Another activity follows: what runs now stays, even if that is what was installed. */
  readonly isSuperseded: boolean;
}

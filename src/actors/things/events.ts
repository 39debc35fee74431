import type {
  Asker,
  ContainerOrder,
  CreateOperation,
  Device,
  FeatureName,
  FeaturePart,
  FeatureRequest,
  InstallAction,
  MetricsFilter,
  MetricsRequest,
  OperationFailure,
  OperationStatus,
  Publication,
  RemoveAction,
  Sample,
  Software,
  SoftwareModule,
} from '../../protocols/container-features/index.js';
import type { ContainerChanged } from '../containers/events.js';

export { isBoot, timeOf } from '../../runtime/event-facts.js';

export const BRIDGE = 'things-bridge/containers';
export const METRICS_ACTOR = 'metrics/containers';
export const UPDATABLE = 'software-updatable/containers';

/** To be told of containers. */
export const thingsWatchers: readonly string[] = [BRIDGE, METRICS_ACTOR];

// Outputs.

/** Carried by the MQTT link. */
export interface PublishOutput extends Publication {
  readonly type: 'mqtt.publish';
  readonly qos: 1;
  readonly retain: false;
}

export const publish = (publication: Publication): PublishOutput => ({
  type: 'mqtt.publish',
  ...publication,
  qos: 1,
  retain: false,
});

export interface SubscribeOutput {
  readonly type: 'mqtt.subscribe' | 'mqtt.unsubscribe';
  readonly filter: string;
}

/**
 * A publication about containers as they are when it leaves. What it says stays out of charts, records and views: a
 * configuration may hold secrets.
 */
export type ProjectOutput = { readonly type: 'things.project'; readonly device: Device } & (
  | { readonly of: 'container'; readonly id: string; readonly part: FeaturePart }
  /** `without` is on its way out. */
  | { readonly of: 'dependencies'; readonly without?: string }
  | { readonly of: 'software-updatable' }
  /** The feature of a container that is gone is deleted; the bridge is told when the broker has that. */
  | { readonly of: 'gone'; readonly id: string }
);

export interface TellOutput {
  readonly type: 'tell';
  readonly to: string;
  readonly event: MetricsEvent | UpdatableEvent;
}

/** An operation on containers, which is answered when it is done. */
export interface OperateOutput {
  readonly type: 'things.operate';
  readonly asker: Asker;
  readonly operation:
    | CreateOperation
    | { readonly operation: 'command'; readonly id: string; readonly command: ContainerOrder };
}

// The bridge.

export interface BridgeInput {
  readonly features: readonly FeatureName[];
}

/** Persisted context, version 1. */
export interface BridgeContext extends BridgeInput {
  /** As the cloud connector says since the broker is there; null before. */
  readonly device: Device | null;
  /** Containers that have a feature, by thing: what is gone by the next time has to be deleted there (THG-6). */
  readonly remembered: Readonly<Record<string, readonly string[]>>;
  /** Of those, the ones that are no container any more: remembered until the broker has their deletion. */
  readonly gone: readonly string[];
}

export type BridgeEvent =
  | { readonly type: 'BROKER.UP' }
  | { readonly type: 'BROKER.DOWN' }
  | { readonly type: 'CONFIGURE'; readonly features: readonly FeatureName[] }
  | { readonly type: 'DEVICE.NAMED'; readonly device: Device }
  | { readonly type: 'REQUEST'; readonly request: FeatureRequest }
  /** A message that is no request; `answer` where one can be given. */
  | { readonly type: 'REQUEST.UNREADABLE'; readonly thingId: string; readonly answer?: Publication }
  /** An operation is done: `value` for 200, neither for 204. */
  | { readonly type: 'OPERATED'; readonly asker: Asker; readonly value?: string; readonly failure?: OperationFailure }
  /** The broker has the deletion of a feature. */
  | { readonly type: 'DELETED'; readonly thingId: string; readonly id: string }
  /** What the cloud says of changes of the twin; nothing follows. */
  | { readonly type: 'TWIN.CHANGED' }
  | ContainerChanged
  | { readonly type: 'runtime.restored'; readonly cause: string };

export type BridgeEmitted = PublishOutput | SubscribeOutput | ProjectOutput | TellOutput | OperateOutput;

/** Ids of the containers that have been made. */
export interface Survey {
  readonly ids: readonly string[];
}

// Metrics.

/** Persisted context, version 1. */
export interface MetricsContext {
  /** Of the last request. */
  readonly device: Device | null;
  readonly periodMs: number;
  readonly filter: readonly MetricsFilter[];
  /** The last sample of each container: its CPU share is the difference to the next. */
  readonly samples: Readonly<Record<string, Sample>>;
  /** Started since they were sampled last. */
  readonly started: readonly string[];
  /** When the next report is due, epoch milliseconds. */
  readonly dueAt: number;
  /** Until then. */
  readonly waitMs: number;
}

export type MetricsEvent =
  | ({ readonly type: 'METRICS.REQUESTED'; readonly device: Device; readonly asker: Asker } & MetricsRequest)
  /** The thing is gone, or another one. */
  | { readonly type: 'DEVICE.GONE' }
  | ContainerChanged
  | { readonly type: 'runtime.restored'; readonly cause: string };

/** @param ids `null`: all that run */
export interface SampleInput {
  readonly ids: readonly string[] | null;
}

export interface Sampled {
  readonly samples: readonly { readonly id: string; readonly sample: Sample; readonly hasNetwork: boolean }[];
  /** Which were looked for. */
  readonly ids: readonly string[];
  readonly machineMemoryBytes: number;
}

// SoftwareUpdatable.

export type Action =
  | ({ readonly operation: 'install' } & InstallAction)
  | ({ readonly operation: 'remove' } & RemoveAction);

/** Persisted context, version 1. */
export interface UpdatableContext {
  readonly device: Device | null;
  readonly lastOperation: OperationStatus | null;
  readonly lastFailedOperation: OperationStatus | null;
  readonly queue: readonly Action[];
  readonly current: Action | null;
  /** Of the module or the software in `current`. */
  readonly index: number;
  /**
   * JSON of the module's containers between their download and their installation: as a text of this name, what they
   * hold is seen neither in views nor in fixtures.
   */
  readonly secretContainers: string;
  /** Containers that the module has brought. */
  readonly installed: readonly string[];
  readonly removed: readonly Software[];
  readonly failed: readonly { readonly software: Software; readonly message: string }[];
  readonly rejected: readonly Software[];
  /** The process has ended in the middle of a step: it may have been done. */
  readonly isRepeated: boolean;
}

export type UpdatableEvent =
  | { readonly type: 'ACTION.REQUESTED'; readonly action: Action; readonly asker: Asker }
  /** Null: there is none at the moment. */
  | { readonly type: 'DEVICE.CHANGED'; readonly device: Device | null }
  | { readonly type: 'runtime.restored'; readonly cause: string };

export interface FetchInput {
  readonly module: SoftwareModule;
}

export interface Fetched {
  readonly secretContainers: string;
}

export type InstallInput = Fetched;

export interface Installed {
  readonly ids: readonly string[];
}

export interface RemoveInput {
  readonly id: string;
  /** What is gone may have been removed by the same step before. */
  readonly mayBeGone: boolean;
}

/** What SoftwareUpdatable says of itself: its state, its steps and what is installed (THG-16, THG-19, THG-20). */
import { dependencyKey, dependencyOf } from '../containers/index.js';
import { omitEmpty } from '../update-agent/index.js';
import type { Device } from './device.js';
import { DEFINITIONS, SOFTWARE_UPDATABLE } from './features.js';
import { modification, type Publication } from './publication.js';
import type { Software } from './software-actions.js';

export type OperationPhase =
  | 'STARTED'
  | 'DOWNLOADING'
  | 'DOWNLOADED'
  | 'INSTALLING'
  | 'INSTALLED'
  | 'REMOVING'
  | 'REMOVED'
  | 'FINISHED_SUCCESS'
  | 'FINISHED_ERROR'
  | 'FINISHED_REJECTED';

/** A step of an operation, or its end. */
export interface OperationStatus {
  readonly correlationId: string;
  readonly status: OperationPhase;
  /** Of an install. */
  readonly softwareModule?: { readonly name: string; readonly version: string };
  /** Of a removal. */
  readonly software?: readonly Software[];
  readonly message: string;
}

const shownStatus = ({ software, message, ...status }: OperationStatus) => ({
  ...status,
  ...(software ? { software: software.map((each) => omitEmpty(each)) } : {}),
  ...omitEmpty({ message }),
});

/** `lastFailedOperation` for what failed, before `lastOperation`. */
export function statusPublications(device: Device, status: OperationStatus): Publication[] {
  const names = isFailure(status) ? (['lastFailedOperation', 'lastOperation'] as const) : (['lastOperation'] as const);
  return names.map((name) => modification(device, SOFTWARE_UPDATABLE, shownStatus(status), `status/${name}`));
}

export const isFailure = ({ status }: Pick<OperationStatus, 'status'>): boolean =>
  status === 'FINISHED_ERROR' || status === 'FINISHED_REJECTED';

/** A container as what an update depends on. */
export interface Installed {
  readonly id: string;
  /** Reference of its image. */
  readonly image: string;
}

/** `null` if there are none. */
export function installedDependencies(containers: readonly Installed[]): Readonly<Record<string, object>> | null {
  const entries = containers.map(({ id, image }) => {
    const dependency = dependencyOf(image, id);
    return [dependencyKey(dependency), dependency] as const;
  });
  return entries.length === 0 ? null : Object.fromEntries(entries);
}

export const dependenciesPublication = (device: Device, containers: readonly Installed[]): Publication =>
  modification(device, SOFTWARE_UPDATABLE, installedDependencies(containers), 'status/installedDependencies');

/** The feature with all that is known at the moment. */
export function softwareUpdatablePublication(
  device: Device,
  containers: readonly Installed[],
  last: { readonly operation: OperationStatus | null; readonly failedOperation: OperationStatus | null },
): Publication {
  const dependencies = installedDependencies(containers);
  return modification(device, SOFTWARE_UPDATABLE, {
    definition: [DEFINITIONS[SOFTWARE_UPDATABLE]],
    properties: {
      status: {
        softwareModuleType: 'oci:container',
        ...(last.operation ? { lastOperation: shownStatus(last.operation) } : {}),
        ...(last.failedOperation ? { lastFailedOperation: shownStatus(last.failedOperation) } : {}),
        ...(dependencies ? { installedDependencies: dependencies } : {}),
      },
    },
  });
}

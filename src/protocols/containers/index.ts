/** Containers of a vehicle as Eclipse Kanto describes them: desired states, descriptors, inventories, and their rules. */

export { CHANGE_MESSAGES, type Change, type ChangeKind, compare, type Present } from './comparison.js';
export { completeConfig } from './defaults.js';
export { decodeDescriptor, NEW_STATE, readDescriptor } from './descriptor.js';
export { descriptorOf } from './descriptor-json.js';
export type {
  ContainerDraft,
  DeviceDraft,
  MountDraft,
  PortDraft,
  ResourcesDraft,
  RestartPolicyDraft,
} from './draft.js';
export { engineName, type InstanceRole, readEngineName, secondEngineName, shortActivity } from './engine-names.js';
export { type ExtraHost, type HostTarget, isReservedHost, parseExtraHost } from './extra-hosts.js';
export {
  type Dependency,
  dependencyKey,
  dependencyOf,
  type ImageParts,
  imageParts,
  registryKey,
  versionOfImage,
} from './images.js';
export { type Inventoried, type InventoryOptions, inventoryOf, parametersOf, RUNTIME_KEYS } from './inventory.js';
export {
  type ContainerUpdate,
  type LifecycleOperation,
  lifecycleErrors,
  operationProblem,
  readNewName,
  readUpdate,
} from './lifecycle.js';
export { type Line, parseDevice, parseMount, parsePort, portText } from './mappings.js';
export {
  CONTAINER_STATUSES,
  type Container,
  type ContainerConfig,
  type ContainerState,
  type ContainerStatus,
  type Device,
  type LogSettings,
  type MountPoint,
  type PortMapping,
  type Resources,
  type RestartPolicy,
  type RestartPolicyType,
} from './model.js';
export { type RestartDecision, type RunEnd, restartDecision } from './restart.js';
export { type ByteLimits, limitsOf, sizeToBytes } from './sizes.js';
export { readStopOptions, type StopPlan } from './stop-options.js';
export { isContainerName } from './validation.js';
export {
  type ContainersState,
  readContainersState,
  readWishes,
  removalGroup,
  type Wish,
  type Wishes,
  type WishGroup,
} from './wishes.js';

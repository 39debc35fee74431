/** The features that show a vehicle's containers in the cloud, over Ditto messages on a Hono-style broker (C). */

export { readConfiguration, shownConfiguration, type WantedConfig } from './configuration.js';
export {
  containerPublication,
  deadState,
  type FeaturePart,
  type ShownContainer,
  shownState,
} from './container-feature.js';
export { type Device, readDevice, sameDevice, thingIdOf } from './device.js';
export {
  containerFeature,
  DEFINITIONS,
  FACTORY,
  FEATURES,
  type FeatureName,
  METRICS,
  SOFTWARE_UPDATABLE,
} from './features.js';
export { type Measured, type Measurement, measurementsOf, metricsReport, type Sample } from './metrics.js';
export { isWanted, type MetricsFilter, type MetricsRequest } from './metrics-request.js';
export {
  type ContainerOrder,
  type CreateOperation,
  type Operation,
  type OperationResult,
  readOperation,
} from './operations.js';
export {
  type Asker,
  DEVICE_QUESTION,
  deletion,
  failure,
  modification,
  type OperationFailure,
  type Publication,
  refusal,
  success,
} from './publication.js';
export {
  COMMANDS,
  commandFilter,
  type FeatureRequest,
  type Inbound,
  type KnownThing,
  problemWith,
  readInbound,
} from './request.js';
export {
  type Artifact,
  type Checksum,
  checksumProblem,
  type InstallAction,
  type RemoveAction,
  type Software,
  type SoftwareModule,
} from './software-actions.js';
export {
  dependenciesPublication,
  type Installed,
  isFailure,
  type OperationPhase,
  type OperationStatus,
  softwareUpdatablePublication,
  statusPublications,
} from './software-updatable.js';

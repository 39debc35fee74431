/** What others may use of engines. */
export { type EngineChoice, engineChooser, socketsOf } from './choose.js';
export type {
  ContainerSpec,
  Engine,
  EngineContainer,
  EngineEvent,
  EngineImage,
  EngineInfo,
  EngineKind,
  EngineStatus,
  Limits,
  LogLine,
  PublishedPort,
  PullRequest,
  StatsSample,
} from './engine.js';
export { ApiEngine, type ApiEngineOptions } from './engine-api/api-engine.js';
export { EngineError } from './errors.js';
export {
  createImages,
  type ImageSettings,
  type Images,
  type PullError,
  pullRequestOf,
  type Registries,
  type Registry,
  readRegistries,
} from './images/index.js';
export { readKeptChoice } from './kept-choice.js';
export {
  createEngineLink,
  type EngineLink,
  type EngineLinkOptions,
  type EngineLinkView,
  engineLinkType,
} from './link/engine-link.js';
export type { EngineListed, EngineSighting, Orphan } from './link/events.js';
export type { ChosenEngine } from './link/link-host.js';
export type { EngineOwner } from './link/sightings.js';
export { createProcessEngine, type ProcessEngineOptions } from './process/index.js';
export { createSimulatedEngine, type SimulatedEngineOptions } from './simulated/index.js';

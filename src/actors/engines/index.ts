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

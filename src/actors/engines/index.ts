/** What others may use of engines. */
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
export { EngineError } from './errors.js';

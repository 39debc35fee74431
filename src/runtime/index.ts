/** The actor runtime: what keeps actors alive. It knows nothing of vehicles or wire protocols. */

export { actorRoutes, actorStreams } from './actor-routes.js';
export type {
  ActorType,
  Durability,
  HotLogic,
  HotOutcome,
  HotResult,
  LogAppend,
  OutputContext,
  OutputEffect,
  OverduePolicy,
  RestartType,
  SummaryRow,
} from './actor-type.js';
export { hotLogic } from './actor-type.js';
export type { ActorView } from './actor-view.js';
export { type Address, addressOf, isAddress, keyOf, typeOf } from './address.js';
export { type Backoff, delayMs, RESTART_BACKOFF } from './backoff.js';
export { type Clock, ManualClock, systemClock, type TimerHandle } from './clock.js';
export { type EffectArguments, effect, subscription } from './effect.js';
export { ActorError, type ErrorRecord, errorRecord, FleetchartError, StorageError } from './errors.js';
export { Health } from './health.js';
export type { HttpToken, Role } from './http-auth.js';
export { createHttpServer, type HttpApp, type HttpRoutes, type HttpServer } from './http-server.js';
export { type Ids, seededIds, systemIds } from './ids.js';
export { Inspection } from './inspection.js';
export { createLogger, type Logger, type RootLogger, silentLogger } from './log.js';
export type { Stamp } from './message.js';
export { Metrics } from './metrics.js';
export { openLog } from './open-log.js';
export type {
  LogAppendOutput,
  ReplyOutput,
  RuntimeOutput,
  StartOutput,
  StopOutput,
  TellOutput,
} from './output-router.js';
export { Refusals } from './refusals.js';
export { type ReplayedType, type ReplayResult, replayFixture } from './replay.js';
export { measureRuntime } from './runtime-metrics.js';
export { EXIT, runUntilSignal } from './shutdown.js';
export { type Child, Supervisor, type SupervisorSpec, type SupervisorView } from './supervision.js';
export { ActorSystem, type ActorSystemOptions } from './system.js';

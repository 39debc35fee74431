/** The actor runtime: what keeps actors alive. It knows nothing of vehicles or wire protocols. */

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
export { type Address, addressOf, isAddress, keyOf, typeOf } from './address.js';
export { trimWhileDegraded } from './append-log/degraded-trim.js';
export { openLog } from './append-log/open-log.js';
export { type Backoff, delayMs, RESTART_BACKOFF } from './backoff.js';
export type { Stamp } from './cell/message.js';
export type {
  LogAppendOutput,
  ReplyOutput,
  RowDeleteOutput,
  RowPutOutput,
  RuntimeOutput,
  StartOutput,
  StopOutput,
  TellOutput,
} from './cell/output-router.js';
export { type Clock, ManualClock, systemClock, type TimerHandle } from './clock.js';
export { type EffectArguments, effect, subscription } from './effect.js';
export {
  ActorError,
  DeadLetterError,
  type ErrorRecord,
  errorRecord,
  FleetchartError,
  knownErrorRecord,
  StorageError,
} from './errors.js';
export { GcWatch } from './gc-watch.js';
export { Health } from './health.js';
export type { ActorView } from './http/actor-view.js';
export type { HttpToken, Role } from './http/http-auth.js';
export type { HttpApp, HttpRoutes, HttpServer } from './http/http-server.js';
export { type Ids, seededIds, systemIds } from './ids.js';
export { Inspection } from './inspection/inspection.js';
export { type ReplayedType, type ReplayResult, replayFixture } from './inspection/replay.js';
export { type AddressKeys, listenHint } from './listen-hint.js';
export {
  createLogger,
  type Fields,
  type Logger,
  type LogOptions,
  type RootLogger,
  silentLogger,
} from './logging/log.js';
export { PeerLines } from './logging/peer-lines.js';
export { type RefusalLine, Refusals } from './logging/refusals.js';
export { RepeatedFailures } from './logging/repeated-failures.js';
export type { LineForm } from './logging/targets.js';
export { Metrics, type Sample } from './metrics.js';
export { Overload, type OverloadView } from './overload.js';
export { REDACTED, redacted } from './redaction.js';
export { measureInspection, measureRuntime } from './runtime-metrics.js';
export { isSecretName } from './secret-names.js';
export { runUntilSignal, startError } from './shutdown.js';
export { type Child, Supervisor, type SupervisorSpec, type SupervisorView } from './supervision.js';
export { ActorSystem, type ActorSystemOptions } from './system.js';
export type { RowRange, Table, TableOptions } from './table/table.js';
export type { FoundRow, RowQuery } from './table/tables.js';
export { Tallies, Tally } from './tallies.js';
export { pause, within } from './wait.js';

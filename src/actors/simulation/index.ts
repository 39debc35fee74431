export { type ConnectFailure, explainConnectError } from './connect-failure.js';
export { type DeviceCredentials, issueCredentials, issueCredentialsFrom, readCredentials } from './credentials.js';
export { SimulationError } from './errors.js';
export { DEFAULT_TIMING, type VehicleTiming } from './events.js';
export type { LatencySummary } from './histogram.js';

export type { LoadOptions } from './options.js';
export { parseMix, type RecordMix, type Topic } from './record-mix.js';
export { type LoadResult, type RunLoadOptions, runLoad } from './run-load.js';
export { openScratchSystem, type ScratchSystem } from './scratch-system.js';
export { createSimulation, type Simulation, type SimulationDeps, type SimulationOptions } from './simulation.js';
export type { DrainEnd, RefusalCount, SimulationStats, TopicCounts } from './statistics.js';
export { isLoopback, type TargetOptions } from './target.js';

/** Profiles of V8 in the format of pprof. */

export { cpuProfile, heapProfile } from './profiles.js';
export type { CallFrame, HeapNode, V8CpuProfile, V8HeapProfile } from './types.js';

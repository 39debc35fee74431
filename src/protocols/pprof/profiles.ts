import { ProfileBuilder } from './profile-builder.js';
import type { CallFrame, HeapNode, V8CpuProfile, V8HeapProfile } from './types.js';

const MICROSECOND_NS = 1_000;
/** Frames that stand for no work. */
const IDLE = new Set(['(root)', '(idle)']);

/**
 * A CPU profile in pprof's protobuf form, not compressed: samples and nanoseconds by call stack. Time in which the
 * process waited is left out, as Go's profiles leave it out.
 */
export function cpuProfile(profile: V8CpuProfile, options: { startedAtMs: number; intervalUs: number }): Uint8Array {
  const builder = new ProfileBuilder([
    { type: 'samples', unit: 'count' },
    { type: 'cpu', unit: 'nanoseconds' },
  ]);
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map<number, number>();
  for (const { id, children = [] } of profile.nodes) for (const child of children) parents.set(child, id);
  for (const [id, { count, microseconds }] of spent(profile)) {
    const stack: CallFrame[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = nodes.get(at)?.callFrame;
      if (frame && frame.functionName !== '(root)') stack.push(frame);
    }
    if (stack.some(({ functionName }) => IDLE.has(functionName))) continue;
    builder.add(stack, [count, microseconds * MICROSECOND_NS]);
  }
  return builder.finish({
    startedAtMs: options.startedAtMs,
    durationNs: (profile.endTime - profile.startTime) * MICROSECOND_NS,
    period: { type: 'cpu', unit: 'nanoseconds', value: options.intervalUs * MICROSECOND_NS },
  });
}

/** What stands on the heap, by where it was allocated, in the same form. */
export function heapProfile({ head }: V8HeapProfile, options: { atMs: number; intervalBytes: number }): Uint8Array {
  const builder = new ProfileBuilder([{ type: 'inuse_space', unit: 'bytes' }]);
  const open: { readonly node: HeapNode; readonly callers: readonly CallFrame[] }[] = [{ node: head, callers: [] }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { node, callers } = next;
    const stack = node.callFrame.functionName === '(root)' ? callers : [node.callFrame, ...callers];
    if (node.selfSize > 0 && stack.length > 0) builder.add(stack, [node.selfSize]);
    for (const child of node.children) open.push({ node: child, callers: stack });
  }
  return builder.finish({
    startedAtMs: options.atMs,
    durationNs: 0,
    period: { type: 'space', unit: 'bytes', value: options.intervalBytes },
  });
}

/** How often each node was found on top, and for how long. */
function spent({ samples = [], timeDeltas = [] }: V8CpuProfile) {
  const found = new Map<number, { count: number; microseconds: number }>();
  for (const [index, id] of samples.entries()) {
    // A clock that was set must not make time negative.
    const microseconds = Math.max(0, timeDeltas[index] ?? 0);
    const node = found.get(id);
    if (node) {
      node.count += 1;
      node.microseconds += microseconds;
    } else found.set(id, { count: 1, microseconds });
  }
  return found;
}

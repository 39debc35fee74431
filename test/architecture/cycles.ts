export interface Edge {
  readonly from: string;
  readonly to: string;
}

/** A way from a node back to it, and the edge that closes it. */
export interface Cycle<E> {
  readonly nodes: readonly string[];
  readonly through: E;
}

/** One cycle for each edge that leads back to where a depth-first walk came from; none if the graph has none. */
export function cycles<E extends Edge>(edges: readonly E[]): Cycle<E>[] {
  const outgoing = new Map<string, E[]>();
  for (const edge of edges) outgoing.set(edge.from, [...(outgoing.get(edge.from) ?? []), edge]);
  const done = new Set<string>();
  const found: Cycle<E>[] = [];
  const walk = (node: string, way: readonly string[]): void => {
    if (done.has(node)) return;
    const here = [...way, node];
    for (const edge of outgoing.get(node) ?? []) {
      const start = here.indexOf(edge.to);
      if (start >= 0) found.push({ nodes: [...here.slice(start), edge.to], through: edge });
      else walk(edge.to, here);
    }
    done.add(node);
  };
  for (const node of outgoing.keys()) walk(node, []);
  return found;
}

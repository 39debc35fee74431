import { graphlib, layout } from '@dagrejs/dagre';
import type { LevelEngine } from '../chart/engine.js';
import type { Point } from '../chart/geometry.js';

interface PlacedEdge {
  readonly points?: readonly Point[];
  readonly x?: number;
  readonly y?: number;
}

/** Lays out a level with dagre. */
export const dagreEngine: LevelEngine = (nodes, edges, { sideBySide }) => {
  const graph = new graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'TB', nodesep: 30, edgesep: 26, ranksep: 40 });
  for (const { id, width, height } of nodes) graph.setNode(id, { width, height });
  for (const { id, from, to, labelWidth, labelHeight, weight } of edges) {
    const label = labelWidth > 0 ? { width: labelWidth, height: labelHeight, labelpos: 'c' } : {};
    graph.setEdge({ v: from, w: to, name: id }, { ...label, minlen: 1, weight });
  }
  const constraints = sideBySide.slice(1).map((right, index) => ({ left: sideBySide[index] ?? '', right }));
  layout(graph, { constraints });
  const placed = new Map(nodes.map(({ id }) => [id, graph.node(id) as Point]));
  return {
    width: (graph.graph() as { width?: number }).width ?? 0,
    nodes: placed,
    edges: new Map(
      edges.map(({ id, from, to }) => {
        const { points = [], x, y } = graph.edge({ v: from, w: to, name: id }) as PlacedEdge;
        return [id, { points, label: x === undefined || y === undefined ? undefined : { x, y } }];
      }),
    ),
  };
};

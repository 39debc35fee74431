import type { LayoutEdge, LayoutNode, LevelEngine } from '../../src/console/chart/engine.js';

const ROW_PX = 100;

/** A layout engine of the simplest kind: rows by the longest way from the top, boxes and bends side by side. */
export const stackingEngine: LevelEngine = (nodes, edges) => {
  const rows = rowsOf(nodes, edges);
  const widths = new Map<number, number>();
  const placeIn = (row: number, width: number): number => {
    const left = widths.get(row) ?? 0;
    widths.set(row, left + width + 40);
    return left + width / 2;
  };
  const placed = new Map(
    nodes.map(({ id, width }) => {
      const row = rows.get(id) ?? 0;
      return [id, { x: placeIn(row, width), y: row * ROW_PX }];
    }),
  );
  const routes = new Map(
    edges.map((edge) => {
      const [from, to] = [rows.get(edge.from) ?? 0, rows.get(edge.to) ?? 0];
      const points = [];
      for (let row = from + 1; row < to; row += 1) points.push({ x: placeIn(row, edge.labelWidth), y: row * ROW_PX });
      const label = edge.labelWidth > 0 ? points[0] : undefined;
      return [edge.id, { points: [{ x: 0, y: from * ROW_PX }, ...points, { x: 0, y: to * ROW_PX }], label }];
    }),
  );
  return { width: Math.max(0, ...widths.values()), nodes: placed, edges: routes };
};

/** Boxes stand in even rows, so that every label has an odd one between. */
function rowsOf(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): ReadonlyMap<string, number> {
  const rows = new Map<string, number>();
  const visit = (id: string, above: readonly string[]): number => {
    if (above.includes(id)) throw new Error(`the level has a cycle: ${[...above, id].join(' → ')}`);
    const known = rows.get(id);
    if (known !== undefined) return known;
    const into = edges.filter(({ to }) => to === id).map(({ from }) => visit(from, [...above, id]) + 2);
    rows.set(id, Math.max(0, ...into));
    return rows.get(id) ?? 0;
  };
  for (const { id } of nodes) visit(id, []);
  return rows;
}

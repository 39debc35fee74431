import type { LayoutEdge, LayoutNode } from './engine.js';
import type { Size } from './geometry.js';
import { ANY, INITIAL, type Level } from './routes.js';
import type { Measure } from './text.js';

export const ANY_TEXT = 'any state';
const ANY_HEIGHT_PX = 20;
const DOT_PX = 12;
const PORT_PX = 2;

/** The boxes of a level for the layout engine: its children, and the marks that its lines use. */
export function levelNodes(level: Level, children: ReadonlyMap<string, Size>, measure: Measure): readonly LayoutNode[] {
  const ends = new Set([...level.segments.values()].flatMap(({ from, to }) => [from.item, to.item]));
  const nodes: LayoutNode[] = [];
  if (ends.has(INITIAL)) nodes.push({ id: INITIAL, width: DOT_PX, height: DOT_PX });
  for (const [id, { width, height }] of children) nodes.push({ id, width, height });
  if (ends.has(ANY)) nodes.push({ id: ANY, width: Math.ceil(measure(ANY_TEXT, 'row')) + 18, height: ANY_HEIGHT_PX });
  for (const id of [...level.topPorts, ...level.bottomPorts]) nodes.push({ id, width: PORT_PX, height: PORT_PX });
  return nodes;
}

/** The lines of a level for the layout engine, and unseen ones that keep its ports above (below) everything else. */
export function levelEdges(
  level: Level,
  nodes: readonly LayoutNode[],
  labels: ReadonlyMap<string, Size>,
): readonly LayoutEdge[] {
  const edges: LayoutEdge[] = [...level.segments.values()].map(({ id, from, to, isReversed }) => ({
    id,
    from: isReversed ? to.item : from.item,
    to: isReversed ? from.item : to.item,
    labelWidth: labels.get(id)?.width ?? 0,
    labelHeight: labels.get(id)?.height ?? 0,
    weight: from.item === INITIAL ? 8 : isReversed ? 1 : 2,
  }));
  const isPort = (id: string): boolean => level.topPorts.has(id) || level.bottomPorts.has(id);
  const items = nodes.map(({ id }) => id).filter((id) => !isPort(id));
  const firsts = items.filter((id) => !edges.some(({ from, to }) => to === id && !isPort(from)));
  const lasts = items.filter((id) => !edges.some(({ from, to }) => from === id && !isPort(to)));
  const unseen = [
    ...[...level.topPorts].flatMap((port) => firsts.map((item) => unseenEdge(port, item))),
    ...[...level.bottomPorts].flatMap((port) => lasts.map((item) => unseenEdge(item, port))),
  ];
  return [...edges, ...unseen];
}

function unseenEdge(from: string, to: string): LayoutEdge {
  return { id: `unseen ${from} ${to}`, from, to, labelWidth: 0, labelHeight: 0, weight: 0 };
}

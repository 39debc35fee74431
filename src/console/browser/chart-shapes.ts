import type { Point } from '../chart/geometry.js';
import {
  type ChartLine,
  type ChartMark,
  LABEL_LINE_PX,
  PADDING_X_PX,
  PADDING_Y_PX,
  ROW_PX,
  type StateBox,
  TITLE_PX,
} from '../chart/layout.js';
import { ANY_TEXT } from '../chart/level-graph.js';
import { svg } from './dom.js';

const ARROW_PX = 7;
const CORNER_PX = 7;

/** Collects what belongs to each transition, so that it can be lit when the transition is taken. */
export type Belongings = (transition: string, element: Element) => void;

export function stateShape(box: StateBox, isRegion: boolean, belongs: Belongings): SVGElement {
  const { state, x, y, width, height, rows } = box;
  if (state.kind === 'history') return historyShape(box);
  const isRoot = state.parent === undefined;
  const kinds = `state ${state.kind}${isRegion ? ' region' : ''}${isRoot ? ' root' : ''} depth-${box.depth % 2}`;
  const group = svg('g', { class: kinds, 'data-state': state.id });
  const about = [state.description, state.tags.length > 0 ? `tags: ${state.tags.join(', ')}` : undefined];
  group.append(svg('title', {}, [state.stateId, ...about].filter((line) => line !== undefined).join('\n')));
  group.append(svg('rect', { class: 'state-box', x, y, width, height, rx: isRoot ? 12 : 9 }));
  if (state.kind === 'final') {
    group.append(
      svg('rect', { class: 'state-inner', x: x + 3, y: y + 3, width: width - 6, height: height - 6, rx: 6 }),
    );
  }
  const isLeaf = state.children.length === 0;
  const textX = isLeaf ? x + width / 2 : x + PADDING_X_PX;
  const anchor = isLeaf ? 'middle' : 'start';
  const titleY = y + PADDING_Y_PX + TITLE_PX - 6;
  group.append(svg('text', { class: 'state-title', x: textX, y: titleY, 'text-anchor': anchor }, state.key));
  if (state.kind === 'parallel') {
    group.append(
      svg('text', { class: 'state-kind', x: x + width - PADDING_X_PX, y: titleY, 'text-anchor': 'end' }, 'parallel'),
    );
  }
  rows.forEach((row, index) => {
    const rowY = y + PADDING_Y_PX + TITLE_PX + index * ROW_PX + ROW_PX - 4;
    const text = svg('text', { class: `state-row ${row.kind}`, x: textX, y: rowY, 'text-anchor': anchor }, row.text);
    if (row.transition !== undefined) belongs(row.transition, text);
    group.append(text);
  });
  return group;
}

function historyShape({ state, x, y, width }: StateBox): SVGElement {
  const middle = { x: x + width / 2, y: y + width / 2 };
  return svg(
    'g',
    { class: 'state history', 'data-state': state.id },
    svg('title', {}, `${state.stateId}: goes back to where it was`),
    svg('circle', { class: 'state-box', cx: middle.x, cy: middle.y, r: width / 2 }),
    svg(
      'text',
      { class: 'state-title', x: middle.x, y: middle.y + 4.5, 'text-anchor': 'middle' },
      state.deepHistory ? 'H*' : 'H',
    ),
  );
}

export function markShape({ kind, x, y, width, height }: ChartMark): SVGElement {
  if (kind === 'initial') return svg('circle', { class: 'initial', cx: x, cy: y, r: width / 2 - 1 });
  return svg(
    'g',
    { class: 'any' },
    svg('rect', { x: x - width / 2, y: y - height / 2, width, height, rx: height / 2 }),
    svg('text', { x, y: y + 4, 'text-anchor': 'middle' }, ANY_TEXT),
  );
}

export function lineShape(line: ChartLine, tooltip: string, belongs: Belongings): SVGElement {
  const group = svg('g', { class: line.isInitial ? 'line initial-line' : 'line' });
  if (tooltip !== '') group.append(svg('title', {}, tooltip));
  const end = line.points.at(-1);
  const before = line.points.at(-2);
  if (end === undefined || before === undefined) return group;
  const down = end.y >= before.y ? 1 : -1;
  const stop = line.hasArrow ? { x: end.x, y: end.y - down * (ARROW_PX - 1) } : end;
  const parts = aroundLabel([...line.points.slice(0, -1), stop], line.label);
  group.append(svg('path', { class: 'line-path', d: parts.map(roundedPath).join('') }));
  if (line.hasArrow) {
    const back = end.y - down * ARROW_PX;
    const tip = `M${end.x},${end.y}L${end.x - ARROW_PX / 2 - 0.5},${back}L${end.x + ARROW_PX / 2 + 0.5},${back}Z`;
    group.append(svg('path', { class: 'line-tip', d: tip }));
  }
  for (const transition of line.transitions) belongs(transition, group);
  return group;
}

/** The line without the piece that its label stands on. */
function aroundLabel(points: readonly Point[], label: ChartLine['label']): readonly (readonly Point[])[] {
  if (label === undefined) return [points];
  const index = points.findIndex((point, place) => {
    const next = points[place + 1];
    return next !== undefined && point.x === next.x && (point.y - label.y) * (next.y - label.y) < 0;
  });
  const point = points[index];
  const next = points[index + 1];
  if (point === undefined || next === undefined) return [points];
  const half = (Math.sign(next.y - point.y) * label.height) / 2;
  const before = { x: point.x, y: label.y - half };
  const after = { x: point.x, y: label.y + half };
  return [
    [...points.slice(0, index + 1), before],
    [after, ...points.slice(index + 1)],
  ];
}

/** The label of a line; an unseen patch makes its tooltip easy to reach. */
export function labelShape(line: ChartLine, tooltip: string, belongs: Belongings): SVGElement | undefined {
  const { label } = line;
  if (label === undefined) return undefined;
  const { x, y, width, height } = label;
  const group = svg('g', { class: 'label' });
  if (tooltip !== '') group.append(svg('title', {}, tooltip));
  group.append(svg('rect', { x: x - width / 2, y: y - height / 2, width, height, rx: 5 }));
  label.lines.forEach(({ transition, parts }, index) => {
    const lineY = y - height / 2 + 2 + (index + 1) * LABEL_LINE_PX - 4;
    const spans = parts.map(({ text, role }) => svg('tspan', { class: role, 'xml:space': 'preserve' }, text));
    const text = svg('text', { class: 'label-line', x, y: lineY, 'text-anchor': 'middle' }, ...spans);
    belongs(transition, text);
    group.append(text);
  });
  return group;
}

/** A line through all points whose corners are rounded. */
function roundedPath(points: readonly Point[]): string {
  return points
    .map((corner, index) => {
      const before = points[index - 1];
      const after = points[index + 1];
      const at = `${round(corner.x)},${round(corner.y)}`;
      if (before === undefined) return `M${at}`;
      if (after === undefined) return `L${at}`;
      const radius = Math.min(CORNER_PX, distance(before, corner) / 2, distance(corner, after) / 2);
      return `L${towards(corner, before, radius)}Q${at} ${towards(corner, after, radius)}`;
    })
    .join('');
}

function distance(one: Point, other: Point): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}

function towards(from: Point, to: Point, length: number): string {
  const whole = distance(from, to) || 1;
  return `${round(from.x + ((to.x - from.x) * length) / whole)},${round(from.y + ((to.y - from.y) * length) / whole)}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

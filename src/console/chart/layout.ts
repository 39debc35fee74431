import type { LevelEngine } from './engine.js';
import type { Box, Point, Size } from './geometry.js';
import { type ChartGraph, type ChartState, ROOT } from './graph.js';
import { levelEdges, levelNodes } from './level-graph.js';
import { ANY, INITIAL, type Level, levels, lowerEnd, upperEnd } from './routes.js';
import { drawLevel } from './rows.js';
import { type LabelLine, labelLines, type Measure, type StateRow, stateRows } from './text.js';
import type { ChartTransition } from './transitions.js';

/** A state's box by its top left corner, in px of the whole chart. */
export interface StateBox extends Point, Size {
  readonly state: ChartState;
  readonly rows: readonly StateRow[];
  /** 0 for the root. */
  readonly depth: number;
}

export interface ChartLine {
  readonly transitions: readonly string[];
  readonly points: readonly Point[];
  readonly hasArrow: boolean;
  readonly isInitial: boolean;
  readonly label: (Box & { readonly lines: readonly LabelLine[] }) | undefined;
}

export interface ChartMark extends Box {
  readonly kind: 'initial' | 'any';
  readonly state: string;
}

export interface ChartLayout extends Size {
  /** Outer boxes before those inside them. */
  readonly boxes: readonly StateBox[];
  readonly lines: readonly ChartLine[];
  readonly marks: readonly ChartMark[];
}

export const TITLE_PX = 20;
export const ROW_PX = 15;
export const LABEL_LINE_PX = 15;
export const PADDING_X_PX = 12;
export const PADDING_Y_PX = 7;
const INSIDE_PX = 14;
const HISTORY_PX = 26;
const LEAST_WIDTH_PX = 64;
/** Of a box's side, for every line that touches it. */
const LINE_ROOM_PX = 38;
/** Room for the word `parallel` beside a title. */
const BADGE_PX = 58;

/** A state and what is inside it, placed relative to its own top left corner. */
interface Placed extends Size {
  readonly state: ChartState;
  readonly rows: readonly StateRow[];
  readonly children: ReadonlyArray<{ readonly placed: Placed } & Point>;
  readonly lines: readonly ChartLine[];
  readonly marks: readonly ChartMark[];
  /** Distance of each port from the left border. */
  readonly ports: ReadonlyMap<string, number>;
}

interface Chart {
  readonly graph: ChartGraph;
  readonly transitions: ReadonlyMap<string, ChartTransition>;
  readonly levels: ReadonlyMap<string, Level>;
  readonly measure: Measure;
  readonly engine: LevelEngine;
}

/**
 * Places a whole chart, innermost states first: each level becomes a box of its parent's level. `engine` and `measure`
 * come from outside, so that this stays free of any library or page.
 */
export function layoutChart(graph: ChartGraph, measure: Measure, engine: LevelEngine): ChartLayout {
  const transitions = new Map(graph.transitions.map((transition) => [transition.id, transition]));
  const chart = { graph, transitions, levels: levels(graph), measure, engine };
  const root = graph.states.get(ROOT);
  const parts = { boxes: [] as StateBox[], lines: [] as ChartLine[], marks: [] as ChartMark[] };
  if (root === undefined) return { width: 0, height: 0, ...parts };
  const placed = place(chart, root);
  flatten(placed, { x: 0, y: 0 }, 0, parts);
  return { width: placed.width, height: placed.height, ...parts };
}

function place(chart: Chart, state: ChartState): Placed {
  const leaf = { state, rows: [], children: [], lines: [], marks: [], ports: new Map() };
  if (state.kind === 'history') return { ...leaf, width: HISTORY_PX, height: HISTORY_PX };
  const staying = chart.graph.transitions.filter(
    ({ source, targets }) => source === state.id && targets.every((target) => target === source),
  );
  const rows = stateRows(state, staying, chart.measure);
  const badge = state.kind === 'parallel' ? BADGE_PX : 0;
  const title = chart.measure(state.key, 'title') + badge;
  const width = Math.ceil(Math.max(title, ...rows.map(({ text }) => chart.measure(text, 'row')))) + 2 * PADDING_X_PX;
  const height = TITLE_PX + rows.length * ROW_PX + 2 * PADDING_Y_PX;
  const level = chart.levels.get(state.id);
  if (level === undefined) return { ...leaf, rows, width: Math.max(width, LEAST_WIDTH_PX), height };
  return placeInside(chart, level, { ...leaf, rows, width, height });
}

/** Puts the inside of a state below its header. */
function placeInside(chart: Chart, level: Level, header: Placed): Placed {
  const inner = new Map<string, Placed>();
  for (const id of header.state.children) {
    const child = chart.graph.states.get(id);
    if (child !== undefined) inner.set(id, withRoomForLines(place(chart, child), level));
  }
  const isParallel = header.state.kind === 'parallel';
  if (isParallel) stretch(inner);
  const texts = labelTexts(chart, level);
  const labels = new Map([...texts].map(([id, lines]) => [id, labelSize(lines, chart.measure)]));
  const nodes = levelNodes(level, inner, chart.measure);
  const sideBySide = isParallel ? header.state.children.filter((id) => inner.get(id)?.state.kind !== 'history') : [];
  const layout = chart.engine(nodes, levelEdges(level, nodes, labels), { sideBySide });
  const drawn = drawLevel({
    level,
    layout,
    items: new Map(nodes.map((node) => [node.id, node])),
    labels,
    border: { above: header.height, below: INSIDE_PX },
    portOffset: ({ item, port }) => (port === undefined ? undefined : inner.get(item)?.ports.get(port)),
  });

  const width = Math.max(header.width, layout.width + 2 * INSIDE_PX);
  const offset = { x: (width - layout.width) / 2, y: header.height };
  const moved = mover(offset);
  const lines = [...level.segments.values()].map((segment): ChartLine => {
    const box = drawn.labels.get(segment.id);
    const text = texts.get(segment.id);
    return {
      transitions: segment.transitions,
      points: (drawn.lines.get(segment.id) ?? []).map(moved),
      hasArrow: segment.hasArrow,
      isInitial: segment.from.item === INITIAL,
      label: box === undefined || text === undefined ? undefined : { ...moved(box), lines: text },
    };
  });
  const marks = [INITIAL, ANY].flatMap((id): ChartMark[] => {
    const box = drawn.items.get(id);
    const kind = id === INITIAL ? 'initial' : 'any';
    return box === undefined ? [] : [{ ...moved(box), kind, state: header.state.id }];
  });
  const children = [...inner].map(([id, placed]) => {
    const { x, y } = moved(drawn.items.get(id) ?? { x: 0, y: 0 });
    return { placed, x: x - placed.width / 2, y: y - placed.height / 2 };
  });
  const ports = [...level.topPorts, ...level.bottomPorts].map(
    (port) => [port, (drawn.items.get(port)?.x ?? 0) + offset.x] as const,
  );
  return {
    ...header,
    width,
    height: header.height + drawn.height + INSIDE_PX,
    children,
    lines,
    marks,
    ports: new Map(ports),
  };
}

/** A small box that many lines touch is made wider. */
function withRoomForLines(placed: Placed, level: Level): Placed {
  if (placed.state.children.length > 0 || placed.state.kind === 'history') return placed;
  const segments = [...level.segments.values()];
  const touching = [upperEnd, lowerEnd].map(
    (end) => segments.filter((one) => end(one).item === placed.state.id).length,
  );
  return { ...placed, width: Math.max(placed.width, Math.max(...touching) * LINE_ROOM_PX) };
}

/** Regions of a parallel state are equally high; lines that leave at the bottom border follow it. */
function stretch(inner: Map<string, Placed>): void {
  const regions = [...inner].filter(([, { state }]) => state.kind !== 'history');
  const height = Math.max(...regions.map(([, placed]) => placed.height));
  for (const [id, placed] of regions) {
    const follow = (point: Point): Point => (point.y === placed.height ? { ...point, y: height } : point);
    const lines = placed.lines.map((line) => ({ ...line, points: line.points.map(follow) }));
    inner.set(id, { ...placed, height, lines });
  }
}

function labelTexts(chart: Chart, level: Level): ReadonlyMap<string, readonly LabelLine[]> {
  const texts = new Map<string, readonly LabelLine[]>();
  for (const { id, labelled } of level.segments.values()) {
    const transitions = labelled.flatMap((transition) => chart.transitions.get(transition) ?? []);
    const lines = transitions.flatMap((transition) => labelLines(transition, chart.measure));
    if (lines.length > 0) texts.set(id, lines);
  }
  return texts;
}

function labelSize(lines: readonly LabelLine[], measure: Measure): Size {
  const widths = lines.map(({ parts }) => parts.reduce((sum, { text, role }) => sum + measure(text, role), 0));
  return { width: Math.ceil(Math.max(...widths)) + 12, height: lines.length * LABEL_LINE_PX + 4 };
}

function mover(by: Point): <T extends Point>(point: T) => T {
  return (point) => ({ ...point, x: point.x + by.x, y: point.y + by.y });
}

function flatten(
  placed: Placed,
  at: Point,
  depth: number,
  out: { readonly boxes: StateBox[]; readonly lines: ChartLine[]; readonly marks: ChartMark[] },
): void {
  const { state, width, height, rows } = placed;
  const moved = mover(at);
  out.boxes.push({ state, ...at, width, height, rows, depth });
  for (const line of placed.lines) {
    const label = line.label === undefined ? undefined : moved(line.label);
    out.lines.push({ ...line, points: line.points.map(moved), label });
  }
  out.marks.push(...placed.marks.map(moved));
  for (const child of placed.children) flatten(child.placed, { x: at.x + child.x, y: at.y + child.y }, depth + 1, out);
}

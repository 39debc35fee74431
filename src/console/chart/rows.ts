import { attachments } from './attachments.js';
import { Bends, type Run } from './bends.js';
import type { LevelLayout } from './engine.js';
import type { Box, Point, Size } from './geometry.js';
import { portPlaces } from './ports.js';
import { type Level, lowerEnd, type SegmentEnd, upperEnd } from './routes.js';
import { assignTracks, type Jog } from './tracks.js';

/**
 * Draws the lines of a level right-angled. Of the engine's layout the rows, their order and every `x` are taken; the
 * gaps between the rows are made anew, as high as the lines need that change their place there, and no higher.
 */

/** Room at both ends of a gap for a rounded corner and an arrow. */
const MARGIN_PX = 10;
const TRACK_PX = 7;
/** The height of gaps in which no line changes its place: between boxes or labels, and beside an empty row. */
const PLAIN_GAP_PX = 17;
const SHORT_GAP_PX = 9;

export interface LevelParts {
  readonly level: Level;
  readonly layout: LevelLayout;
  readonly items: ReadonlyMap<string, Size>;
  readonly labels: ReadonlyMap<string, Size>;
  /** How far the state's border lies above the first row and below the last one. */
  readonly border: { readonly above: number; readonly below: number };
  /** How far a port of a child lies from the left of the child. */
  portOffset(end: SegmentEnd): number | undefined;
}

export interface DrawnLevel {
  readonly height: number;
  readonly items: ReadonlyMap<string, Box>;
  readonly labels: ReadonlyMap<string, Box>;
  /** The corners of every segment, from its source to its target. */
  readonly lines: ReadonlyMap<string, readonly Point[]>;
}

interface Row {
  readonly top: number;
  readonly bottom: number;
}

interface RowJog extends Jog {
  readonly segment: string;
  readonly row: number;
}

export function drawLevel(parts: LevelParts): DrawnLevel {
  const { level, layout } = parts;
  const heights = rowHeights(parts);
  const levels = [...heights.keys()].sort((one, other) => one - other);
  const rowOf = (y: number): number => levels.indexOf(Math.round(y));
  const { runs, ports } = runsOf(parts, rowOf);
  const jogs = [...runs].flatMap(([segment, line]) => jogsOf(segment, line));
  const tracks = new Map<RowJog, number>();
  for (const row of levels.keys()) {
    for (const [jog, track] of assignTracks(jogs.filter((one) => one.row === row))) tracks.set(jog, track);
  }
  const rows = rowPlaces(
    levels.map((y) => heights.get(y) ?? 0),
    tracks,
  );
  const middle = (y: number): number => {
    const row = rows[rowOf(y)];
    return row === undefined ? 0 : (row.top + row.bottom) / 2;
  };

  const items = new Map<string, Box>();
  for (const [id, size] of parts.items) {
    const { x, y } = layout.nodes.get(id) ?? { x: 0, y: 0 };
    items.set(id, { ...size, x: ports.get(id) ?? x, y: middle(y) });
  }
  const labels = new Map<string, Box>();
  for (const [id, size] of parts.labels) {
    const centre = layout.edges.get(id)?.label;
    const run = runs.get(id)?.find(({ row }) => centre !== undefined && row === rowOf(centre.y));
    if (centre !== undefined) labels.set(id, { ...size, x: run?.x ?? centre.x, y: middle(centre.y) });
  }
  const height = rows.at(-1)?.bottom ?? 0;
  const endY = (item: string, side: 1 | -1): number => {
    if (level.topPorts.has(item)) return -parts.border.above;
    if (level.bottomPorts.has(item)) return height + parts.border.below;
    const box = items.get(item);
    return box === undefined ? 0 : box.y + (side * box.height) / 2;
  };
  const lines = new Map<string, readonly Point[]>();
  for (const segment of level.segments.values()) {
    const line = runs.get(segment.id) ?? [];
    const [first, last] = [line[0], line.at(-1)];
    if (first === undefined || last === undefined) continue;
    const corners: Point[] = [{ x: first.x, y: endY(upperEnd(segment).item, 1) }];
    for (const jog of jogs.filter((one) => one.segment === segment.id)) {
      const y = (rows[jog.row]?.bottom ?? 0) + MARGIN_PX + (tracks.get(jog) ?? 0) * TRACK_PX;
      corners.push({ x: jog.upperX, y }, { x: jog.lowerX, y });
    }
    corners.push({ x: last.x, y: endY(lowerEnd(segment).item, -1) });
    lines.set(segment.id, segment.isReversed ? corners.reverse() : corners);
  }
  return { height, items, labels, lines };
}

/** The height of each row by the `y` at which the engine put it; a row that only lines pass has none. */
function rowHeights({ layout, items, labels }: LevelParts): ReadonlyMap<number, number> {
  const heights = new Map<number, number>();
  const add = (y: number, height: number): void => {
    heights.set(Math.round(y), Math.max(heights.get(Math.round(y)) ?? 0, height));
  };
  for (const [id, { y }] of layout.nodes) add(y, items.get(id)?.height ?? 0);
  for (const [id, { points, label }] of layout.edges) {
    for (const { y } of points.slice(1, -1)) add(y, 0);
    if (label !== undefined) add(label.y, labels.get(id)?.height ?? 0);
  }
  return heights;
}

interface LevelRuns {
  /** From the upper to the lower end of every segment. */
  readonly runs: ReadonlyMap<string, readonly Run[]>;
  readonly ports: ReadonlyMap<string, number>;
}

function runsOf(parts: LevelParts, rowOf: (y: number) => number): LevelRuns {
  const { level, layout } = parts;
  const segments = [...level.segments.values()];
  const rowOfItem = (item: string): number => rowOf(layout.nodes.get(item)?.y ?? 0);
  const boxes = new Map([...parts.items].map(([id, { width }]) => [id, { width, x: layout.nodes.get(id)?.x ?? 0 }]));
  const lines = new Map(
    segments.map(({ id }) => {
      const points = layout.edges.get(id)?.points.slice(1, -1) ?? [];
      return [id, points.map(({ x, y }) => ({ row: rowOf(y), x }))];
    }),
  );
  const occupants = [...boxes].map(([id, box]) => ({ ...box, row: rowOfItem(id) }));
  const bends = new Bends(lines, occupants, (segment, row) => {
    const label = layout.edges.get(segment)?.label;
    return label === undefined || rowOf(label.y) !== row ? 0 : (parts.labels.get(segment)?.width ?? 0);
  });
  const nearPort = (segment: string): number | undefined => bends.of(segment).at(-1)?.x;
  const ports = new Map(portPlaces(level.topPorts, segments, nearPort));
  const attachable = {
    segments,
    items: boxes,
    portX(end: SegmentEnd): number | undefined {
      const box = boxes.get(end.item);
      if (level.topPorts.has(end.item) || level.bottomPorts.has(end.item)) return ports.get(end.item) ?? box?.x;
      const offset = parts.portOffset(end);
      return box === undefined || offset === undefined ? undefined : box.x - box.width / 2 + offset;
    },
  };
  const upper = attachments(attachable, 'upper', (segment) => bends.of(segment)[0]?.x);
  bends.alignDownwards(upper);
  for (const [port, x] of portPlaces(level.bottomPorts, segments, nearPort)) ports.set(port, x);
  const lower = attachments(attachable, 'lower', (segment) => bends.of(segment).at(-1)?.x);
  bends.alignUpwards(upper, lower);
  const runs = new Map(
    segments.map((segment) => {
      const { id } = segment;
      const first = { row: rowOfItem(upperEnd(segment).item), x: upper.get(id) ?? 0 };
      const last = { row: rowOfItem(lowerEnd(segment).item), x: lower.get(id) ?? 0 };
      return [id, [first, ...bends.of(id), last]];
    }),
  );
  return { runs, ports };
}

function jogsOf(segment: string, line: readonly Run[]): readonly RowJog[] {
  return line.flatMap((lower, index) => {
    const upper = line[index - 1];
    if (upper === undefined || Math.abs(upper.x - lower.x) < 0.5) return [];
    return [{ segment, row: upper.row, upperX: upper.x, lowerX: lower.x }];
  });
}

function rowPlaces(heights: readonly number[], tracks: ReadonlyMap<RowJog, number>): readonly Row[] {
  const rows: Row[] = [];
  let top = 0;
  heights.forEach((height, row) => {
    rows.push({ top, bottom: top + height });
    const used = [...tracks].filter(([jog]) => jog.row === row).map(([, track]) => track);
    const isShort = height === 0 || heights[row + 1] === 0;
    const plain = isShort ? SHORT_GAP_PX : PLAIN_GAP_PX;
    top += height + (used.length === 0 ? plain : 2 * MARGIN_PX + Math.max(...used) * TRACK_PX);
  });
  return rows;
}

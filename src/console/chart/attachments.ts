import type { Box } from './geometry.js';
import { lowerEnd, type Segment, type SegmentEnd, upperEnd } from './routes.js';

/** Lines keep this far from the corners of a box, and from each other on one side of it. */
const CORNER_PX = 11;
const APART_PX = 16;

export interface Attachable {
  readonly segments: readonly Segment[];
  readonly items: ReadonlyMap<string, Pick<Box, 'x' | 'width'>>;
  /** The `x` of an end that is a port, or lies behind one. */
  portX(end: SegmentEnd): number | undefined;
}

/**
 * The `x` at which each segment touches the box at its upper (lower) end: at its port, or as near to its next bend,
 * `wantedX`, as the other lines on that side allow.
 */
export function attachments(
  level: Attachable,
  side: 'upper' | 'lower',
  wantedX: (segment: string) => number | undefined,
): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  const free = new Map<string, Array<readonly [string, number]>>();
  for (const segment of level.segments) {
    const end = side === 'upper' ? upperEnd(segment) : lowerEnd(segment);
    const fixed = level.portX(end);
    if (fixed !== undefined) {
      places.set(segment.id, fixed);
      continue;
    }
    const wanted = wantedX(segment.id) ?? level.items.get(end.item)?.x ?? 0;
    free.set(end.item, [...(free.get(end.item) ?? []), [segment.id, wanted]]);
  }
  for (const [id, lines] of free) {
    const item = level.items.get(id);
    if (item === undefined) continue;
    for (const [segment, x] of spread(item, lines)) places.set(segment, x);
  }
  return places;
}

function spread(
  item: Pick<Box, 'x' | 'width'>,
  lines: ReadonlyArray<readonly [string, number]>,
): ReadonlyMap<string, number> {
  const margin = Math.min(CORNER_PX, item.width / 2);
  const left = item.x - item.width / 2 + margin;
  const right = item.x + item.width / 2 - margin;
  const sorted = [...lines].sort(([, one], [, other]) => one - other);
  const apart = Math.min(APART_PX, (right - left) / Math.max(1, sorted.length - 1));
  const places = new Map<string, number>();
  let earliest = left;
  sorted.forEach(([segment, wanted], index) => {
    const latest = right - (sorted.length - 1 - index) * apart;
    const x = Math.max(earliest, Math.min(wanted, latest));
    places.set(segment, x);
    earliest = x + apart;
  });
  return places;
}

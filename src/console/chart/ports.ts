import type { Segment } from './routes.js';

/** Ports on one border keep at least this far from each other. */
const APART_PX = 16;

/**
 * The `x` of the ports on one border: where their first line comes from, `wantedX`, so that it leaves the box straight;
 * ports that would fall together move apart to the right.
 */
export function portPlaces(
  ports: ReadonlySet<string>,
  segments: readonly Segment[],
  wantedX: (segment: string) => number | undefined,
): ReadonlyMap<string, number> {
  const wanted = [...ports].flatMap((port): Array<readonly [string, number]> => {
    const segment = segments.find(({ from, to }) => from.item === port || to.item === port);
    const x = segment && wantedX(segment.id);
    return x === undefined ? [] : [[port, x]];
  });
  const places = new Map<string, number>();
  let earliest = Number.NEGATIVE_INFINITY;
  for (const [port, x] of wanted.sort(([, one], [, other]) => one - other)) {
    const place = Math.max(earliest, x);
    places.set(port, place);
    earliest = place + APART_PX;
  }
  return places;
}

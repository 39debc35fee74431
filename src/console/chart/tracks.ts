/** A line's change of place between two rows: where it comes from above, and where it goes on below. */
export interface Jog {
  readonly upperX: number;
  readonly lowerX: number;
}

/** Level pieces on one track keep at least this far from each other. */
const APART_PX = 8;

/**
 * Gives the jogs of one gap their tracks, 0 being the uppermost: jogs that would lie upon each other get tracks of
 * their own, in the order that crosses the fewest lines.
 */
export function assignTracks<J extends Jog>(jogs: readonly J[]): ReadonlyMap<J, number> {
  const sorted = [...jogs].sort((one, other) => crossings(one, other) - crossings(other, one));
  const tracks = new Map<J, number>();
  for (const jog of sorted) {
    const above = [...tracks].filter(([other]) => isOverlapping(jog, other)).map(([, track]) => track + 1);
    tracks.set(jog, Math.max(0, ...above));
  }
  return tracks;
}

/** How many crossings there are when the level piece of `above` lies over that of `below`. */
function crossings(above: Jog, below: Jog): number {
  return Number(spans(above, below.upperX)) + Number(spans(below, above.lowerX));
}

function spans({ upperX, lowerX }: Jog, x: number): boolean {
  return x > Math.min(upperX, lowerX) && x < Math.max(upperX, lowerX);
}

function isOverlapping(one: Jog, other: Jog): boolean {
  const left = Math.min(one.upperX, one.lowerX) - APART_PX;
  const right = Math.max(one.upperX, one.lowerX) + APART_PX;
  return Math.max(other.upperX, other.lowerX) > left && Math.min(other.upperX, other.lowerX) < right;
}

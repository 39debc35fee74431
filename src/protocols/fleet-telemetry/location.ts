/** Degrees; south and west are negative. */
export interface Position {
  readonly latitude: number;
  readonly longitude: number;
}

const NUMBER = String.raw`([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)`;
const LOCATION = new RegExp(String.raw`^\([ \t]*${NUMBER}[ \t]+([NS]),[ \t]+${NUMBER}[ \t]+([EW])\)`);

/**
 * Reads a position as vehicles write it, `(37.412374 N, 122.145867 W)`, in the grammar of FT-TX-2: the letter negates
 * the number, whatever its sign, and what follows the parenthesis does not matter. Undefined for any other text.
 */
export function parseLocation(text: string): Position | undefined {
  const match = LOCATION.exec(text);
  if (match === null) return undefined;
  const [, north, northOrSouth, east, eastOrWest] = match;
  const latitude = Number(north);
  const longitude = Number(east);
  if (!Number.isFinite(latitude) || !Number.isFinite(longitude)) return undefined;
  return {
    latitude: northOrSouth === 'S' ? -latitude : latitude,
    longitude: eastOrWest === 'W' ? -longitude : longitude,
  };
}

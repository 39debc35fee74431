/** A place on the track, degrees, and where one looks there. */
export interface TrackPoint {
  readonly latitude: number;
  readonly longitude: number;
  /** Degrees clockwise from north. */
  readonly heading: number;
}

/** Corners of a loop through the hills south of San Francisco Bay: latitude, longitude. */
const CORNERS: readonly (readonly [number, number])[] = [
  [37.3947, -122.1503],
  [37.4012, -122.1411],
  [37.4089, -122.1296],
  [37.4133, -122.1169],
  [37.4061, -122.1058],
  [37.3952, -122.0987],
  [37.3836, -122.1043],
  [37.3761, -122.1167],
  [37.3708, -122.1322],
  [37.3779, -122.1449],
  [37.3868, -122.1537],
];

const METRES_PER_DEGREE = 111_320;

interface Leg {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  readonly startsAtM: number;
  readonly lengthM: number;
  readonly heading: number;
}

const LEGS: readonly Leg[] = legs();

/** Length of one round, metres. */
export const TRACK_METRES = LEGS.reduce((sum, { lengthM }) => sum + lengthM, 0);

/** The place so many metres along the track, which is a loop. */
export function placeOnTrack(metres: number): TrackPoint {
  const at = ((metres % TRACK_METRES) + TRACK_METRES) % TRACK_METRES;
  let leg = LEGS[0] as Leg;
  for (const next of LEGS) {
    if (next.startsAtM > at) break;
    leg = next;
  }
  const share = (at - leg.startsAtM) / leg.lengthM;
  return {
    latitude: leg.from[0] + share * (leg.to[0] - leg.from[0]),
    longitude: leg.from[1] + share * (leg.to[1] - leg.from[1]),
    heading: leg.heading,
  };
}

function legs(): Leg[] {
  let startsAtM = 0;
  return CORNERS.map((from, index) => {
    const to = CORNERS[(index + 1) % CORNERS.length] as readonly [number, number];
    const northM = (to[0] - from[0]) * METRES_PER_DEGREE;
    const eastM = (to[1] - from[1]) * METRES_PER_DEGREE * Math.cos((from[0] * Math.PI) / 180);
    const lengthM = Math.hypot(northM, eastM);
    const heading = ((Math.atan2(eastM, northM) * 180) / Math.PI + 360) % 360;
    const leg = { from, to, startsAtM, lengthM, heading };
    startsAtM += lengthM;
    return leg;
  });
}

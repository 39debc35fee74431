import type { RateLimitLabels } from '../../protocols/fleet-telemetry/server-settings.js';
import type { Metrics, Tally } from '../../runtime/index.js';

/** Vehicles with series of their own; those that come later are counted together. */
const MOST_VEHICLES = 1_000;
const OTHERS = 'other';

/** Counts one message over the rate limit; `topic` is one that may be a label. */
export type CountLimited = (deviceId: string, topic: string) => void;

/**
 * `rate_limit_exceeded_total` (FT-RL-5): by record type, or by vehicle and record type as in the reference, with a bound
 * on the vehicles.
 */
export function countLimited(metrics: Metrics, by: RateLimitLabels): CountLimited {
  const name = 'rate_limit_exceeded_total';
  const help = 'Messages over the rate limit.';
  if (by === 'reference') {
    const tallies = metrics.tallies({ name, help, labels: ['device_id', 'txtype'] });
    return perVehicle((device_id, txtype) => tallies.with({ device_id, txtype }));
  }
  const tallies = metrics.tallies({ name, help, labels: ['record_type'] });
  const bound = remembering((record_type) => tallies.with({ record_type }));
  return (_deviceId, topic) => bound(topic).inc();
}

function perVehicle(bind: (deviceId: string, topic: string) => Tally): CountLimited {
  const vehicles = new Map<string, (topic: string) => Tally>();
  const others = remembering((topic) => bind(OTHERS, topic));
  return (deviceId, topic) => {
    let vehicle = vehicles.get(deviceId);
    if (!vehicle && vehicles.size < MOST_VEHICLES) {
      vehicle = remembering((each) => bind(deviceId, each));
      vehicles.set(deviceId, vehicle);
    }
    (vehicle ?? others)(topic).inc();
  };
}

/** The series of each topic, bound at its first use. */
function remembering(bind: (topic: string) => Tally): (topic: string) => Tally {
  const bound = new Map<string, Tally>();
  return (topic) => {
    const known = bound.get(topic);
    if (known) return known;
    const tally = bind(topic);
    bound.set(topic, tally);
    return tally;
  };
}

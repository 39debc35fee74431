import type { Peer } from '../peer-config.js';

/** Peers whose own files can be checked, for `--peer`. */
export const PEERS = [
  'fleet-telemetry',
  'kanto-update-manager',
  'kanto-container-management',
] as const satisfies readonly Peer[];

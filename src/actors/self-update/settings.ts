import { DEFAULT_IMAGE_NAME, DEFAULT_PREFIX } from '../../protocols/self-update/index.js';
import type { InstallMode } from './events.js';

/** What a self-update agent is made from. */
export interface AgentSettings {
  /** URL of the broker. */
  readonly server: string;
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  /** TLS to the broker. */
  readonly tls?: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
  /** Of all topics. */
  readonly prefix: string;
  readonly mode: InstallMode;
  /** Folder for bundles; the same path for the installer (SUA-50). */
  readonly path: string;
  /** Certificates of the authorities of download servers. */
  readonly caDirectory: string;
  /** Likewise one PEM file; beats the folder. */
  readonly caFile?: string;
  /** Between two messages of progress; 0: every one is sent (SUA-23). */
  readonly feedbackIntervalS: number;
  /** Of the image in the inventory (SUA-17). */
  readonly imageName: string;
  readonly allowHttp: boolean;
  readonly maxBundleBytes?: number;
  /** Of downloads; undefined: as fast as they come. */
  readonly maxBytesPerSecond?: number;
  /** Until a download server is reached. */
  readonly connectTimeoutS: number;
  /** Without a byte for so long, a transfer is cut and tried again. */
  readonly stallTimeoutS: number;
  /** Of downloads, over ten minutes: a slower one fails. 0: none is too slow. */
  readonly minBytesPerSecond: number;
  /** Fetch the bundle when streaming it failed (D-10). */
  readonly streamFallback: boolean;
  /** Tell an update manager that there is nothing to do (D-5). */
  readonly umCompat: boolean;
  /** Send the reference's empty message after UPDATE_SUCCESS (D-1). */
  readonly strictReference: boolean;
}

/** The reference's (SUA §9), and ours. */
export const DEFAULT_SETTINGS = {
  server: 'tcp://mosquitto:1883',
  clientId: 'sua',
  prefix: DEFAULT_PREFIX,
  mode: 'download',
  path: '/data/selfupdates',
  caDirectory: '/etc/ssl/certs',
  feedbackIntervalS: 5,
  imageName: DEFAULT_IMAGE_NAME,
  allowHttp: false,
  connectTimeoutS: 30,
  stallTimeoutS: 60,
  // A tenth of the slowest link that carries data at all, GPRS in one time slot.
  minBytesPerSecond: 128,
  streamFallback: true,
  umCompat: true,
  strictReference: false,
} as const satisfies AgentSettings;

/** How the agent connects (SUA-1, SUA-4): its session is kept by the broker, and it never gives up. */
export function linkSettings({ server, clientId, username, password, tls }: AgentSettings) {
  return {
    url: server,
    clientId,
    clean: false,
    keepAliveS: 60,
    connectTimeoutMs: 5_000,
    backoff: { firstMs: 2_500, longestMs: 60_000 },
    inboxBound: 1_000,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
  } as const;
}

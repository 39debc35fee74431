/** The `zmq` section of the reference's file. */
export interface ZmqSection {
  readonly addr?: string;
  readonly server_key_json_path?: string;
  readonly allowed_public_keys_json_path?: string;
  readonly verbose?: boolean;
}

/** Our own section `fleetchart.zmq`. */
export interface OwnZmqSection {
  readonly highWaterMark?: number;
  readonly slowSubscriber?: SlowSubscriber;
  readonly nobodyListens?: NobodyListens;
  readonly joinMs?: number;
}

/** What happens when a subscriber's queue is full. */
export type SlowSubscriber = 'wait' | 'drop';
/** What happens to records while nobody subscribes to anything. */
export type NobodyListens = 'drop' | 'wait';

/** The `zmq` dispatcher. */
export interface ZmqDispatcherSettings {
  /** Where the socket is bound, such as `tcp://*:5284`. */
  readonly address: string;
  /** Paths of JSON files with the key of CURVE and the clients' public keys; empty: there is none. */
  readonly serverKeyFile: string;
  readonly allowedKeysFile: string;
  /** Whether socket events are logged at debug. */
  readonly verbose: boolean;
  /** Messages that may wait for one subscriber. */
  readonly highWaterMark: number;
  readonly slowSubscriber: SlowSubscriber;
  readonly nobodyListens: NobodyListens;
  /** How long subscribers get to come back after the socket was bound, before anything is published. */
  readonly joinMs: number;
}

/** Whether a socket can be bound there: `tcp://` with an interface and a port, or `ipc://` with a path. */
export function isZmqAddress(text: string): boolean {
  const [, digits] = /^tcp:\/\/[^\s/]+:(\d{1,5}|\*)$/.exec(text) ?? [];
  if (digits !== undefined) return digits === '*' || (Number(digits) >= 1 && Number(digits) <= 65_535);
  return /^ipc:\/\/\S/.test(text);
}

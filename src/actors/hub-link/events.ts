/** A message on its way from one broker to the other. */
export interface Carried {
  readonly topic: string;
  readonly payload: Uint8Array;
}

export type HubLinkEvent =
  /** The vehicle's broker is reached, or lost; `answer` says which thing this is. */
  | { readonly type: 'LOCAL.UP'; readonly answer: string }
  | { readonly type: 'LOCAL.DOWN' }
  /** The hub likewise. */
  | { readonly type: 'HUB.UP'; readonly answer: string }
  | { readonly type: 'HUB.DOWN' }
  /** Somebody asks which thing this is. */
  | { readonly type: 'ASKED'; readonly answer: string }
  /** For the hub, as an entry of the outbox; so its own form alone is in the chart. */
  | { readonly type: 'TO.HUB'; readonly entry: Uint8Array }
  | { readonly type: 'TO.VEHICLE'; readonly message: Carried }
  | { readonly type: 'runtime.restored'; readonly cause: string };

/** What the chart emits beside publications on the vehicle's broker. */
export interface KeepOutput {
  readonly type: 'log.append';
  readonly log: string;
  readonly payload: Uint8Array;
  readonly readers: readonly string[];
}

export interface LocalOutput extends Omit<Carried, 'payload'> {
  readonly type: 'mqtt.publish';
  readonly payload: string | Uint8Array;
  readonly qos: 1;
  readonly retain: false;
}

export const HUB_LINK = 'hub-link/hub';
/** The log of what waits for the hub, and its reader. */
export const OUTBOX = 'hub-outbox';
export const READER = 'hub';

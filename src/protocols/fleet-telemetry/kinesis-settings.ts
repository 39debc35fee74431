/** The `kinesis` section of the reference's file. */
export interface KinesisSection {
  readonly max_retries?: number;
  readonly override_host?: string;
  readonly streams?: Readonly<Record<string, string>>;
}

/** The `kinesis` dispatcher. */
export interface KinesisDispatcherSettings {
  /** Record type → its stream. */
  readonly streams: ReadonlyMap<string, string>;
  /** Where the service is, if not where the region says; empty: there. */
  readonly endpoint: string;
  /** From the environment; empty: what the client finds by itself. */
  readonly region: string;
  /** How often a request without an answer, and records of which none is taken, are tried again before all of it waits. */
  readonly maxRetries: number;
}

/** What the service takes as the name of a stream. */
export const isStreamName = (name: string): boolean => /^[a-zA-Z0-9_.-]{1,128}$/.test(name);

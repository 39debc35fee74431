/** Our own section `fleetchart.http`. */
export interface HttpSection {
  readonly url?: string;
  readonly format?: 'jsonl' | 'protobuf';
  readonly gzip?: boolean;
  readonly maxBatchRecords?: number;
  readonly maxBatchBytes?: number;
  readonly maxBatchDelayMs?: number;
  readonly maxInFlight?: number;
  readonly timeoutMs?: number;
  readonly holdStatuses?: readonly number[];
  readonly secret?: string;
  readonly tls?: {
    readonly caFile?: string;
    readonly certFile?: string;
    readonly keyFile?: string;
    readonly serverName?: string;
  };
}

/** The `http` dispatcher. */
export interface HttpDispatcherSettings {
  readonly url: string;
  readonly format: 'jsonl' | 'protobuf';
  readonly gzip: boolean;
  /** A request holds so many records and bytes before compression; a larger record goes alone. */
  readonly maxBatchRecords: number;
  readonly maxBatchBytes: number;
  /** How long records wait for others to fill a request. */
  readonly maxBatchDelayMs: number;
  /** Requests at once; those of one vehicle follow each other. */
  readonly maxInFlight: number;
  /** For the answer to one request. */
  readonly timeoutMs: number;
  /** 4xx that say something of the destination and not of a record: it counts as broken, and nothing is refused. */
  readonly holdStatuses: readonly number[];
  /** Key of the signatures; empty: requests are not signed. */
  readonly secret: string;
  /** Paths of PEM files, each empty if there is none, and the name to expect in the certificate if not the URL's. */
  readonly tls: {
    readonly caFile: string;
    readonly certFile: string;
    readonly keyFile: string;
    readonly serverName: string;
  };
}

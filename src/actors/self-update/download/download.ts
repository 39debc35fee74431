import { FleetchartError } from '../../../runtime/errors.js';

/** `FETCH_*`: a transfer that failed. `message` is the cause in the words of SUA-32, without any prefix. */
export class DownloadError extends FleetchartError {}

/** Name of the bundle in its folder. What resuming needs stands beside it, its name beginning with this one. */
export const BUNDLE_FILE = 'temp_file';

export interface DownloadRequest {
  readonly url: string;
  /** Where {@link BUNDLE_FILE} goes; made if missing (SUA-33). */
  readonly folder: string;
  /** The same in a repetition after a restart: only that resumes what is there (SUA-33). */
  readonly key: string;
  /** Accept `http` too. @default false */
  readonly allowHttp?: boolean;
  /** PEM file; beats `caDirectory`. */
  readonly caFile?: string;
  /** Folder of PEM certificates, read at the start of each download. */
  readonly caDirectory?: string;
  readonly maxBytes?: number;
  /** Hex. */
  readonly sha256?: string;
  readonly size?: number;
}

/** Bytes; `total` is 0 while it is not known. */
export interface DownloadProgress {
  readonly done: number;
  readonly total: number;
}

export interface Downloaded {
  readonly path: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/**
 * Fetches a bundle; throws {@link DownloadError}. `onProgress` is called once before the first connection is tried, if
 * the URL is one that may be fetched at all (SUA-24), and then as bytes arrive.
 */
export type Download = (
  request: DownloadRequest,
  onProgress: (progress: DownloadProgress) => void,
  signal: AbortSignal,
) => Promise<Downloaded>;

/** Deletes {@link BUNDLE_FILE} and what stands beside it for resuming (SUA-34); that nothing is there is no error. */
export type DiscardDownload = (folder: string) => Promise<void>;

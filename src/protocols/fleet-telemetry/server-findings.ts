/** One thing wrong with, or remarkable in, a server configuration. */
export interface ServerConfigFinding {
  readonly code: 'CONFIG_MISSING' | 'CONFIG_VALUE' | 'CONFIG_CONFLICT' | 'CONFIG_UNSUPPORTED' | 'CONFIG_IGNORED';
  /** JSON pointer within the server configuration. */
  readonly pointer: string;
  /** The reference's own words where it has some. */
  readonly message: string;
  readonly hint?: string;
  /** Other values that the finding rests on; it says nothing if one of them is mistaken itself. */
  readonly dependsOn?: readonly string[];
}

/** The candidate that a word was most likely meant to be, if one is near. */
export type Suggest = (word: string, candidates: Iterable<string>) => string | undefined;

/** Collects findings, so that all mistakes are reported at once. */
export interface Findings {
  readonly mistakes: ServerConfigFinding[];
  readonly warnings: ServerConfigFinding[];
}

/** Why a value was refused. `code` is stable and safe for metrics; `detail` is for people. */
export interface Failure {
  readonly code: string;
  readonly detail: string;
  /** Where in the input, in bytes, if that is known. */
  readonly offset?: number;
}

/** What decoders and decisions return: they never throw on hostile input. */
export type Result<T, F extends Failure = Failure> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: F };

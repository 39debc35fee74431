/** Lengths in px; `y` grows downwards. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A box by its centre. */
export interface Box extends Point, Size {}

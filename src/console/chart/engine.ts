import type { Point } from './geometry.js';

export interface LayoutNode {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}

export interface LayoutEdge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly labelWidth: number;
  readonly labelHeight: number;
  /** How much a straight, short line matters. */
  readonly weight: number;
}

export interface LayoutHints {
  /** Nodes that belong side by side, from left to right. */
  readonly sideBySide: readonly string[];
}

export interface LevelLayout {
  readonly width: number;
  /** Centres; nodes of one row have the same `y`. */
  readonly nodes: ReadonlyMap<string, Point>;
  /** A point in every row from the upper end to the lower one, both included; `label` is the label's centre. */
  readonly edges: ReadonlyMap<string, { readonly points: readonly Point[]; readonly label: Point | undefined }>;
}

/** Lays out one flat level in rows from top to bottom; edges point downwards and are free of cycles. */
export type LevelEngine = (
  nodes: readonly LayoutNode[],
  edges: readonly LayoutEdge[],
  hints: LayoutHints,
) => LevelLayout;

/** A line's vertical piece within a row. */
export interface Run {
  readonly row: number;
  readonly x: number;
}

/** A box in its row. */
export interface Occupant {
  readonly row: number;
  readonly x: number;
  readonly width: number;
}

/** What stands in a row keeps this far from its neighbours; a line counts as wide as the room around it. */
const APART_PX = 4;
const LINE_PX = 12;
/** No bend is moved further than this for the sake of a straight line, unless its row holds lines only. */
const REACH_PX = 40;

interface Bend {
  readonly segment: string;
  readonly row: number;
  /** Of the label, where the segment's label stands in this row. */
  readonly width: number;
  x: number;
}

/**
 * The bends of a level's lines between their ends. Steps that need not be look like mistakes, so a bend is put exactly
 * below what is above it, or above what is below it, where its row has the room.
 */
export class Bends {
  private readonly lines = new Map<string, readonly Bend[]>();
  private readonly rows = new Map<number, { readonly boxes: Occupant[]; readonly bends: Bend[] }>();

  constructor(
    lines: ReadonlyMap<string, readonly Run[]>,
    boxes: readonly Occupant[],
    labelWidth: (segment: string, row: number) => number,
  ) {
    for (const box of boxes) this.rowOf(box.row).boxes.push(box);
    for (const [segment, line] of lines) {
      const bends = line.map(({ row, x }): Bend => ({ segment, row, x, width: labelWidth(segment, row) }));
      for (const bend of bends) this.rowOf(bend.row).bends.push(bend);
      this.lines.set(segment, bends);
    }
  }

  /** From top to bottom. */
  of(segment: string): readonly Run[] {
    return this.lines.get(segment) ?? [];
  }

  /** Puts bends below the upper ends of their lines, and below each other. */
  alignDownwards(upperEnds: ReadonlyMap<string, number>): void {
    for (const [segment, bends] of this.lines) {
      let above = upperEnds.get(segment);
      for (const bend of bends) {
        if (above !== undefined) this.move(bend, above);
        above = bend.x;
      }
    }
  }

  /** Puts bends that are not below what is above them above what is below them. */
  alignUpwards(upperEnds: ReadonlyMap<string, number>, lowerEnds: ReadonlyMap<string, number>): void {
    for (const [segment, bends] of this.lines) {
      let below = lowerEnds.get(segment);
      for (let index = bends.length - 1; index >= 0; index -= 1) {
        const bend = bends[index];
        const above = bends[index - 1]?.x ?? upperEnds.get(segment);
        if (bend === undefined || bend.x === above) break;
        if (below !== undefined) this.move(bend, below);
        below = bend.x;
      }
    }
  }

  private rowOf(row: number): { readonly boxes: Occupant[]; readonly bends: Bend[] } {
    const known = this.rows.get(row) ?? { boxes: [], bends: [] };
    this.rows.set(row, known);
    return known;
  }

  private move(bend: Bend, x: number): void {
    const { boxes, bends } = this.rowOf(bend.row);
    const isLinesOnly = boxes.length === 0 && bends.every(({ width }) => width === 0);
    if (bend.x === x || (Math.abs(bend.x - x) > REACH_PX && !isLinesOnly)) return;
    const half = Math.max(LINE_PX, bend.width) / 2;
    const isClear = (other: { readonly x: number; readonly width: number }): boolean =>
      Math.abs(other.x - x) >= half + Math.max(LINE_PX, other.width) / 2 + APART_PX;
    if (boxes.every(isClear) && bends.every((other) => other === bend || isClear(other))) bend.x = x;
  }
}

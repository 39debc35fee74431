import type { LogLineView } from './vehicle-types.js';

/** Longer lines are cut: a page is no place for them. */
const LONGEST = 4_000;
const LONGEST_REST = 1_048_576;

/** Makes lines of NDJSON that comes in pieces; what is no log line is passed over. */
export class LogReader {
  private rest = '';

  read(piece: string): LogLineView[] {
    const lines = (this.rest + piece).split('\n');
    const rest = lines.pop() ?? '';
    this.rest = rest.length > LONGEST_REST ? '' : rest;
    return lines.flatMap((line) => lineOf(line) ?? []);
  }
}

function lineOf(json: string): LogLineView | undefined {
  try {
    const { stream, text } = JSON.parse(json) as Partial<LogLineView>;
    if (typeof text !== 'string') return undefined;
    const shown = text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text;
    return { stream: stream === 'stderr' ? 'stderr' : 'stdout', text: shown.replace(/\r?\n$/, '') };
  } catch {
    return undefined;
  }
}

/** Lines that wait to be shown, the newest that there is room for; `lost` counts the others. */
export class WaitingLines {
  private lines: LogLineView[] = [];
  lost = 0;

  constructor(private readonly most: number) {}

  get size(): number {
    return this.lines.length;
  }

  add(lines: readonly LogLineView[]): void {
    const all = [...this.lines, ...lines];
    this.lines = all.slice(-this.most);
    this.lost += all.length - this.lines.length;
  }

  take(): LogLineView[] {
    const taken = this.lines;
    this.lines = [];
    this.lost = 0;
    return taken;
  }
}

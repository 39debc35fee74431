import type { ChartState } from './graph.js';
import type { ChartTransition } from './transitions.js';

/** How a piece of text is set, which decides its width. */
export type TextRole = 'title' | 'row' | 'event' | 'guard';

/** The width of a text in px. */
export type Measure = (text: string, role: TextRole) => number;

export interface TextPart {
  readonly text: string;
  readonly role: TextRole;
}

/** A line of an edge's label; `transition` is the one it belongs to. */
export interface LabelLine {
  readonly transition: string;
  readonly parts: readonly TextPart[];
}

/** A line within a state's box, below its name. */
export interface StateRow {
  readonly kind: 'waits' | 'runs' | 'entry' | 'stays' | 'more';
  readonly text: string;
  readonly transition: string | undefined;
}

const LONGEST_ROW_PX = 210;
const LONGEST_LABEL_PX = 190;
const MOST_STAYS = 5;

/** What a transition is called on its edge: the event, then the guard, on a second line when one is too long. */
export function labelLines(transition: ChartTransition, measure: Measure): readonly LabelLine[] {
  const event: TextPart = { text: transition.label, role: 'event' };
  const line = (...parts: TextPart[]): LabelLine => ({ transition: transition.id, parts });
  if (transition.guard === undefined) return [line(event)];
  const guard: TextPart = { text: `[${transition.guard}]`, role: 'guard' };
  const width = measure(event.text, 'event') + measure(` ${guard.text}`, 'guard');
  if (width <= LONGEST_LABEL_PX) return [line(event, { text: ` ${guard.text}`, role: 'guard' })];
  return [line(event), line(guard)];
}

/** What a state says of itself, with the transitions that do not leave it. */
export function stateRows(
  state: ChartState,
  staying: readonly ChartTransition[],
  measure: Measure,
): readonly StateRow[] {
  const rows: StateRow[] = [];
  const add = (kind: StateRow['kind'], text: string, transition?: string): void => {
    for (const part of wrapped(text, LONGEST_ROW_PX, (piece) => measure(piece, 'row'))) {
      rows.push({ kind, text: part, transition });
    }
  };
  if (state.waitsFor !== undefined) add('waits', `waits for ${state.waitsFor}`);
  for (const { src } of state.invokes) add('runs', `runs ${src}`);
  if (state.entry.length > 0) add('entry', `on entry: ${state.entry.join(', ')}`);
  if (state.exit.length > 0) add('entry', `on exit: ${state.exit.join(', ')}`);
  for (const { id, label, guard, targets } of staying.slice(0, MOST_STAYS)) {
    const name = guard === undefined ? label : `${label} [${guard}]`;
    add(
      'stays',
      targets.length > 0 ? `${name}: starts over` : label.startsWith('after ') ? `stays ${name}` : `stays on ${name}`,
      id,
    );
  }
  if (staying.length > MOST_STAYS) add('more', `and on ${staying.length - MOST_STAYS} more events`);
  return rows;
}

/** Breaks a text at spaces into lines no wider than `limitPx`; a longer word keeps a line of its own. */
export function wrapped(text: string, limitPx: number, measure: (text: string) => number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && measure(`${last} ${word}`) <= limitPx) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

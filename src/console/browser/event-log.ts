import { button, html, setText } from './dom.js';
import { JsonTree } from './json-tree.js';

const MOST_ENTRIES = 200;

interface LoggedEvent {
  readonly at: number;
  readonly event: { readonly type: string };
  readonly label: string;
}

/** The events that an actor received while the page was watching, newest first. */
export class EventLog {
  readonly element: HTMLElement;
  private readonly list = html('ol', { class: 'events', tabindex: 0, 'aria-label': 'Events, newest first' });
  private readonly note = html('p', { class: 'muted' }, 'Events appear here as they happen.');
  private waiting: LoggedEvent[] = [];
  private isPaused = false;
  private isScheduled = false;

  constructor() {
    const pause = button('Pause', () => {
      this.isPaused = !this.isPaused;
      setText(pause, this.isPaused ? 'Go on' : 'Pause');
      if (!this.isPaused) this.schedule();
    });
    const clear = button('Clear', () => {
      this.waiting = [];
      this.list.replaceChildren();
    });
    this.element = html(
      'section',
      { class: 'panel side' },
      html('header', { class: 'side-head' }, html('h2', {}, 'Events'), pause, clear),
      this.note,
      this.list,
    );
  }

  /** `label` is what the chart calls the event. */
  add(at: number, event: { readonly type: string }, label: string): void {
    this.waiting.push({ at, event, label });
    this.waiting.splice(0, this.waiting.length - MOST_ENTRIES);
    if (!this.isPaused) this.schedule();
  }

  /** Many events become one change of the page. */
  private schedule(): void {
    if (this.isScheduled || this.waiting.length === 0) return;
    this.isScheduled = true;
    requestAnimationFrame(() => {
      this.isScheduled = false;
      const entries = this.waiting.map(entry).reverse();
      this.waiting = [];
      this.note.hidden = true;
      this.list.prepend(...entries);
      while (this.list.childElementCount > MOST_ENTRIES) this.list.lastElementChild?.remove();
    });
  }
}

function entry({ at, event, label }: LoggedEvent): HTMLElement {
  const time = html('time', { datetime: new Date(at).toISOString() }, clockTime(at));
  const name = html('span', { class: 'event-name', title: event.type }, label);
  const { type: _type, stamp: _stamp, ...rest } = event as { type: string; stamp?: unknown };
  if (Object.keys(rest).length === 0) return html('li', {}, html('p', {}, time, name));
  const details = html('details', {}, html('summary', {}, time, name));
  details.addEventListener(
    'toggle',
    () => {
      const tree = new JsonTree();
      tree.update(rest);
      details.append(tree.element);
    },
    { once: true },
  );
  return html('li', {}, details);
}

/** `14:03:07.250`, in the time zone of the person. */
function clockTime(at: number): string {
  const time = new Date(at);
  const two = (part: number): string => String(part).padStart(2, '0');
  const ms = String(time.getMilliseconds()).padStart(3, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${ms}`;
}

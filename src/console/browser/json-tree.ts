import { html } from './dom.js';

/** Levels shown open at first, and entries shown at most of one object. */
const OPEN_LEVELS = 2;
const MOST_ENTRIES = 200;

/** Shows a JSON value as a tree; branches that a person opened or closed stay so when the value changes. */
export class JsonTree {
  readonly element = html('div', { class: 'json-tree' });
  private readonly choices = new Map<string, boolean>();
  private shown: string | undefined;

  update(value: unknown): void {
    const text = JSON.stringify(value);
    if (text === this.shown) return;
    this.shown = text;
    this.element.replaceChildren(this.branch(value, '', 0));
  }

  private branch(value: unknown, path: string, depth: number): HTMLElement {
    if (typeof value !== 'object' || value === null) return leaf(value);
    const entries: readonly (readonly [string, unknown])[] = Object.entries(value);
    if (entries.length === 0) return html('span', { class: 'json-quiet' }, Array.isArray(value) ? '[ ]' : '{ }');
    const items = entries.slice(0, MOST_ENTRIES).map(([key, child]) => this.entry(key, child, `${path}/${key}`, depth));
    if (entries.length > MOST_ENTRIES) {
      items.push(html('li', { class: 'json-quiet' }, `… ${entries.length - MOST_ENTRIES} more`));
    }
    return html('ul', { class: 'json' }, ...items);
  }

  private entry(key: string, value: unknown, path: string, depth: number): HTMLElement {
    const name = html('span', { class: 'json-key' }, key);
    const size = typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
    if (size === 0) return html('li', {}, name, this.branch(value, path, depth));
    const kind = html('span', { class: 'json-quiet' }, Array.isArray(value) ? `[${size}]` : '');
    const details = html(
      'details',
      { open: this.choices.get(path) ?? depth < OPEN_LEVELS },
      html('summary', {}, name, kind),
      this.branch(value, path, depth + 1),
    );
    details.addEventListener('toggle', () => this.choices.set(path, details.open));
    return html('li', {}, details);
  }
}

function leaf(value: unknown): HTMLElement {
  if (typeof value === 'string') return html('span', { class: 'json-text' }, JSON.stringify(value));
  return html('span', { class: 'json-value' }, String(value));
}

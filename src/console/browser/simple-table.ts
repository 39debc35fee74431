import { html, setAttribute, setText } from './dom.js';
import { KeyedList } from './keyed-list.js';

/** What a cell says; the first cell of a row heads it. */
export interface Cell {
  readonly text: string;
  readonly title?: string;
  readonly href?: string;
}

export interface SimpleTable<T> {
  readonly element: HTMLElement;
  update(items: readonly T[]): void;
}

/** A table of text under a heading, with a sentence in its place while there is nothing to show. */
export function simpleTable<T>(
  heading: string,
  columns: readonly string[],
  none: string,
  keyOf: (item: T) => string,
  cellsOf: (item: T) => readonly (string | Cell)[],
): SimpleTable<T> {
  const body = html('tbody');
  const empty = html('p', { class: 'muted' }, none);
  const heads = columns.map((label) => html('th', { scope: 'col' }, label));
  const table = html(
    'div',
    { class: 'panel scroll-x', hidden: true },
    html('table', { class: 'rows' }, html('thead', {}, html('tr', {}, ...heads)), body),
  );
  const list = new KeyedList<T>(body, keyOf, () => {
    const cells = columns.map((_, index) => html(index === 0 ? 'th' : 'td', index === 0 ? { scope: 'row' } : {}));
    return {
      element: html('tr', {}, ...cells),
      update: (item) => {
        for (const [index, given] of cellsOf(item).entries()) show(cells[index], given);
      },
    };
  });
  return {
    element: html('section', {}, html('h2', {}, heading), empty, table),
    update(items) {
      list.update(items);
      setAttribute(empty, 'hidden', items.length > 0);
      setAttribute(table, 'hidden', items.length === 0);
    },
  };
}

function show(element: HTMLElement | undefined, given: string | Cell): void {
  if (!element) return;
  const { text, title, href } = typeof given === 'string' ? ({ text: given } as Cell) : given;
  setAttribute(element, 'title', title);
  const link = element.querySelector('a');
  if (href === undefined) {
    setText(element, text);
    return;
  }
  const target = link ?? element.appendChild(html('a', { class: 'mono' }));
  setAttribute(target, 'href', href);
  setText(target, text);
}

import { stateTone, type Tone } from '../words.js';
import { html, setAttribute, setText, svg } from './dom.js';

/** A state in a word and a colour; the word alone says it all. */
export function pill(state = ''): { readonly element: HTMLElement; update(state: string, tone?: Tone): void } {
  const element = html('span', { class: 'pill' });
  const update = (next: string, tone = stateTone(next)): void => {
    setText(element, next);
    setAttribute(element, 'class', `pill ${tone}`);
    setAttribute(element, 'hidden', next === '');
  };
  update(state);
  return { element, update };
}

/** How full something is: a bar that turns to a warning when little room is left. */
export function bar(label: string): { readonly element: Element; update(value: number, bound: number): void } {
  const level = svg('rect', { class: 'bar-level', height: 6, rx: 3, width: 0 });
  const element = svg(
    'svg',
    { class: 'bar', role: 'img', height: 6, width: '100%' },
    svg('rect', { class: 'bar-bound', width: '100%', height: 6, rx: 3 }),
    level,
  );
  const update = (value: number, bound: number): void => {
    const percent = bound <= 0 ? 0 : Math.min(100, (100 * value) / bound);
    setAttribute(level, 'width', `${value > 0 ? Math.max(1, percent) : 0}%`);
    setAttribute(element, 'class', `bar ${percent >= 90 ? 'bad' : percent >= 60 ? 'busy' : 'good'}`);
    setAttribute(element, 'aria-label', `${label}: ${Math.round(percent)} % full`);
  };
  return { element, update };
}

/** A labelled figure. */
export function tile(label: string): { readonly element: HTMLElement; update(figure: string, note?: string): void } {
  const figure = html('p', { class: 'tile-figure' }, '–');
  const note = html('p', { class: 'tile-note' });
  const element = html('div', { class: 'tile' }, html('h2', { class: 'tile-label' }, label), figure, note);
  return {
    element,
    update(value, text = '') {
      setText(figure, value);
      setText(note, text);
    },
  };
}

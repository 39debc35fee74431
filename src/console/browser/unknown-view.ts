import { html } from './dom.js';
import type { View } from './view.js';

/** Where an address leads nowhere: mistyped, or of another version. */
export function unknownView(path: string): View {
  const element = html(
    'div',
    {},
    html('h1', { tabindex: -1 }, 'There is no such page'),
    html(
      'p',
      {},
      html('span', { class: 'mono' }, path),
      ' is none of the console. ',
      html('a', { href: '#/' }, 'Overview'),
    ),
  );
  return { title: 'No such page', element, close: () => {} };
}

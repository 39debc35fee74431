import type { ActorTypeCountView } from '../api-types.js';
import { countWords, stateTone } from '../words.js';
import { html, setAttribute, setText } from './dom.js';
import { type Entry, KeyedList } from './keyed-list.js';
import { actorsHref } from './router.js';

export interface TypeCount extends ActorTypeCountView {
  readonly type: string;
}

/** A row of the overview's table: how many actors of a type there are, and in which states. */
export function actorCountRow({ type }: TypeCount): Entry<TypeCount> {
  const live = html('td', { class: 'number' });
  const chips = html('div', { class: 'chips' });
  const states = new KeyedList<readonly [string, number]>(
    chips,
    ([state]) => state,
    ([state]) => stateChip(type, state),
  );
  const element = html(
    'tr',
    {},
    html('th', { scope: 'row' }, html('a', { href: actorsHref({ type }) }, type)),
    live,
    html('td', {}, chips),
  );
  return {
    element,
    update(counts) {
      setText(live, countWords(counts.live));
      states.update(Object.entries(counts.states).sort(([, one], [, other]) => other - one));
    },
  };
}

function stateChip(type: string, state: string): Entry<readonly [string, number]> {
  const count = html('strong');
  const element = html(
    'a',
    { class: `chip ${stateTone(state)}`, href: actorsHref({ type, state }) },
    count,
    ` ${state}`,
  );
  return {
    element,
    update([, value]) {
      setText(count, countWords(value));
      setAttribute(element, 'title', `${value} of type ${type} in state ${state}`);
    },
  };
}

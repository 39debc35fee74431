import type { ActorsAnswer, ActorView } from '../api-types.js';
import { countWords } from '../words.js';
import { actorRow } from './actor-row.js';
import { deadLetters } from './dead-letters.js';
import { button, html, setAttribute, setText } from './dom.js';
import { KeyedList } from './keyed-list.js';
import { poll } from './poll.js';
import { type ActorFilter, actorsHref } from './router.js';
import type { View, ViewContext } from './view.js';

const EVERY_MS = 2000;
const PAGE = 100;

/** Every actor that answers to a filter, those that need a person first, and the dead letters. */
export function actorsView(context: ViewContext, initial: ActorFilter): View {
  const { feed } = context;
  let filter = initial;
  let pages = 1;
  const type = html('select', { id: 'actor-type' });
  const state = html('select', { id: 'actor-state' });
  const text = html('input', { type: 'search', id: 'actor-text', placeholder: 'part of an address' });
  text.value = initial.q;
  const summary = html('p', { class: 'muted', role: 'status' }, 'Loading …');
  const body = html('tbody');
  const letters = deadLetters(context);

  const load = async (): Promise<void> => {
    const asked = filter;
    try {
      const [parked, listed] = await Promise.all([parkedActors(context, asked), listActors(context, asked, pages)]);
      if (asked !== filter) return;
      const rest = listed.actors.filter(({ address }) => !parked.some((actor) => actor.address === address));
      const all = [...parked, ...rest];
      list.update(all);
      setText(summary, all.length === 0 ? 'No actor answers to this filter.' : summaryOf(all.length, listed.next));
      setAttribute(more, 'hidden', listed.next === null);
      await letters.refresh();
    } catch (error) {
      setText(summary, error instanceof Error ? error.message : String(error));
    }
  };
  const list = new KeyedList<ActorView>(
    body,
    ({ address }) => address,
    actorRow(context, () => void load()),
  );
  const more = button(
    'Show more',
    () => {
      pages += 1;
      return load();
    },
    { hidden: true, class: 'more' },
  );
  const refilter = (): void => {
    filter = { type: type.value, state: state.value, q: text.value.trim() };
    pages = 1;
    history.replaceState(null, '', actorsHref(filter));
    void load();
  };
  type.addEventListener('change', () => {
    state.value = '';
    refilter();
    fillChoices();
  });
  state.addEventListener('change', refilter);
  text.addEventListener('input', refilter);

  const fillChoices = (): void => {
    const byType = feed.state.overview?.actors.byType ?? {};
    const types = Object.entries(byType).filter(([name]) => filter.type === '' || name === filter.type);
    choices(type, 'all types', Object.keys(byType), filter.type);
    choices(state, 'all states', [...new Set(types.flatMap(([, { states }]) => Object.keys(states)))], filter.state);
  };
  const stopFeed = feed.listen(fillChoices);
  const stopPoll = poll(load, EVERY_MS);

  const heads = ['Actor', 'State', 'For', 'Mailbox', 'Restarts'].map((label) =>
    html('th', { scope: 'col', class: label === 'For' || label === 'Restarts' ? 'number' : undefined }, label),
  );
  const element = html(
    'div',
    {},
    html('h1', { tabindex: -1 }, 'Actors'),
    html(
      'div',
      { class: 'toolbar' },
      html('label', { class: 'field', for: 'actor-type' }, html('span', {}, 'Type'), type),
      html('label', { class: 'field', for: 'actor-state' }, html('span', {}, 'State'), state),
      html('label', { class: 'field grow', for: 'actor-text' }, html('span', {}, 'Address'), text),
      summary,
    ),
    html(
      'div',
      { class: 'panel scroll-x' },
      html('table', { class: 'rows cards-when-narrow' }, html('thead', {}, html('tr', {}, ...heads)), body),
    ),
    more,
    letters.element,
  );
  const close = (): void => {
    stopFeed();
    stopPoll();
  };
  return { title: 'Actors', element, close };
}

function actorsQuery({ type, state, q }: ActorFilter, more: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams({ type, state, q, ...more });
  for (const [name, value] of [...query]) if (value === '') query.delete(name);
  return `/api/v1/actors?${query}`;
}

/** Parked actors, wherever they stand in the list. */
async function parkedActors({ api, feed }: ViewContext, filter: ActorFilter): Promise<readonly ActorView[]> {
  if (feed.state.overview?.actors.parked === 0) return [];
  const { actors } = await api.get<ActorsAnswer>(actorsQuery({ ...filter, state: 'parked' }, { limit: String(PAGE) }));
  return actors.filter(({ status, state }) => status === 'parked' && ['', status, state].includes(filter.state));
}

async function listActors({ api }: ViewContext, filter: ActorFilter, pages: number): Promise<ActorsAnswer> {
  const actors: ActorView[] = [];
  let cursor: string | null = '';
  for (let page = 0; page < pages && cursor !== null; page += 1) {
    const query: string = actorsQuery(filter, { limit: String(PAGE), cursor });
    const answer: ActorsAnswer = await api.get(query);
    actors.push(...answer.actors);
    cursor = answer.next;
  }
  return { actors, next: cursor };
}

function summaryOf(shown: number, next: string | null): string {
  return next === null ? `${countWords(shown)} actors` : `the first ${countWords(shown)} actors`;
}

/** Fills a select; a choice that is set stays, also while nobody is in that state. */
function choices(select: HTMLSelectElement, all: string, names: readonly string[], chosen: string): void {
  const values = ['', ...new Set([...names, ...(chosen === '' ? [] : [chosen])])].sort();
  const isSame =
    values.length === select.options.length && values.every((value, i) => select.options[i]?.value === value);
  if (!isSame) {
    select.replaceChildren(...values.map((value) => html('option', { value }, value === '' ? all : value)));
  }
  if (select.value !== chosen) select.value = chosen;
}

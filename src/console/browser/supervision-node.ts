import type { SupervisionChildView } from '../api-types.js';
import { countWords, durationWords, errorWords } from '../words.js';
import { html, setAttribute, setText } from './dom.js';
import { type Entry, KeyedList } from './keyed-list.js';
import { pill } from './pills.js';
import { actorHref, actorsHref } from './router.js';

const STRATEGIES: Readonly<Record<string, string>> = {
  one_for_one: 'restarts only the child that failed',
  one_for_all: 'restarts all its children together',
  rest_for_one: 'restarts the child that failed and those started after it',
};

/** A node of the supervision tree, with everything that it supervises below it. */
export function supervisionNode({ name, kind }: SupervisionChildView): Entry<SupervisionChildView> {
  const state = pill();
  const restarts = html('span', { class: 'restarts' });
  const about = html('span', { class: 'muted' });
  const error = html('p', { class: 'bad-text' });
  const children = html('ul', { class: 'tree' });
  const isSupervisor = kind === 'supervisor';
  const list = new KeyedList<SupervisionChildView>(children, (child) => `${child.kind} ${child.name}`, supervisionNode);
  const head = isSupervisor ? [state.element, restarts, about] : [about, state.element, restarts];
  const element = html(
    'li',
    {},
    html('div', { class: isSupervisor ? 'tree-node supervisor' : 'tree-node' }, titleOf(name, kind), ...head),
    error,
    isSupervisor ? children : undefined,
  );
  return {
    element,
    update({ state: newState, restarts: count, lastError, supervisor }) {
      state.update(newState);
      setText(restarts, count === 1 ? '1 restart' : `${countWords(count)} restarts`);
      setText(about, supervisor === undefined ? (kind === 'type' ? 'actors' : kind) : strategyOf(supervisor));
      setText(error, errorWords(lastError));
      setAttribute(error, 'hidden', lastError === null);
      list.update(supervisor?.children ?? []);
    },
  };
}

function titleOf(name: string, kind: SupervisionChildView['kind']): HTMLElement {
  if (kind === 'actor') return html('a', { href: actorHref(name), class: 'mono' }, name);
  if (kind === 'type') return html('a', { href: actorsHref({ type: name }) }, `every ${name}`);
  return html(kind === 'supervisor' ? 'strong' : 'span', {}, name);
}

function strategyOf({ strategy, intensity, periodS }: NonNullable<SupervisionChildView['supervisor']>): string {
  const limit = `up to ${countWords(intensity)} times in ${durationWords(periodS * 1000)}`;
  return `${STRATEGIES[strategy] ?? strategy}, ${limit}`;
}

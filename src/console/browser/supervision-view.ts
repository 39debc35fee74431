import type { SupervisedSupervisorView, SupervisionChildView, SupervisorView } from '../api-types.js';
import { countWords, durationWords, errorWords } from '../words.js';
import { html, setAttribute, setText } from './dom.js';
import { type Entry, KeyedList } from './keyed-list.js';
import { pill } from './pills.js';
import { poll } from './poll.js';
import { actorHref, actorsHref } from './router.js';
import type { View, ViewContext } from './view.js';

const EVERY_MS = 2000;

const INTRO =
  'A supervisor restarts its children when they fail. Past its limit it fails itself, and the one above decides.';

const STRATEGIES: Readonly<Record<string, string>> = {
  one_for_one: 'restarts only the child that failed',
  one_for_all: 'restarts all its children together',
  rest_for_one: 'restarts the child that failed and those started after it',
};

/** Who restarts whom. */
export function supervisionView({ api }: ViewContext): View {
  const summary = html('p', { class: 'muted intro', role: 'status' }, 'Loading …');
  const tree = html('ul', { class: 'tree' });
  const root = new KeyedList<SupervisorView>(tree, ({ name }) => name, supervisorEntry);
  const stop = poll(async () => {
    try {
      const supervisor = await api.get<SupervisorView>('/api/v1/supervision');
      root.update([supervisor]);
      setText(summary, INTRO);
    } catch (error) {
      setText(summary, error instanceof Error ? error.message : String(error));
    }
  }, EVERY_MS);
  const element = html(
    'div',
    {},
    html('h1', { tabindex: -1 }, 'Supervision'),
    summary,
    html('div', { class: 'panel' }, tree),
  );
  return { title: 'Supervision', element, close: stop };
}

function supervisorEntry({ name }: { readonly name: string }): Entry<SupervisorView | SupervisedSupervisorView> {
  const strategy = html('span', { class: 'muted' });
  const state = pill();
  const restarts = html('span', { class: 'restarts' });
  const error = html('p', { class: 'bad-text' });
  const children = html('ul', { class: 'tree' });
  const list = new KeyedList<SupervisionChildView>(children, (child) => `${child.kind} ${child.name}`, childEntry);
  const head = html(
    'div',
    { class: 'tree-node supervisor' },
    html('strong', {}, name),
    state.element,
    restarts,
    strategy,
  );
  const element = html('li', {}, head, error, children);
  return {
    element,
    update(supervisor) {
      const { intensity, periodS, strategy: kind } = supervisor;
      const limit = `up to ${countWords(intensity)} times in ${durationWords(periodS * 1000)}`;
      setText(strategy, `${STRATEGIES[kind] ?? kind}, ${limit}`);
      showRestarts(restarts, supervisor.restarts);
      const isRoot = !('kind' in supervisor);
      state.update(isRoot ? '' : supervisor.state);
      showError(error, isRoot ? '' : errorWords(supervisor.lastError));
      list.update(supervisor.children);
    },
  };
}

function childEntry(child: SupervisionChildView): Entry<SupervisionChildView> {
  if (child.kind === 'supervisor') {
    const entry = supervisorEntry(child);
    return {
      element: entry.element,
      update(next) {
        if (next.kind === 'supervisor') entry.update(next);
      },
    };
  }
  const { name, kind } = child;
  const state = pill();
  const restarts = html('span', { class: 'restarts' });
  const error = html('p', { class: 'bad-text' });
  const title =
    kind === 'actor'
      ? html('a', { href: actorHref(name), class: 'mono' }, name)
      : kind === 'type'
        ? html('a', { href: actorsHref({ type: name }) }, `every ${name}`)
        : html('span', {}, name);
  const kindName = html('span', { class: 'muted' }, kind === 'type' ? 'actors' : kind);
  const element = html('li', {}, html('div', { class: 'tree-node' }, title, kindName, state.element, restarts), error);
  return {
    element,
    update(next) {
      state.update(next.state);
      showRestarts(restarts, next.restarts);
      showError(error, errorWords(next.lastError));
    },
  };
}

function showRestarts(element: HTMLElement, restarts: number): void {
  setText(element, restarts === 0 ? '' : restarts === 1 ? '1 restart' : `${countWords(restarts)} restarts`);
}

function showError(element: HTMLElement, error: string): void {
  setText(element, error);
  setAttribute(element, 'hidden', error === '');
}

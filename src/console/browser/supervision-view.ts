import type { SupervisionChildView, SupervisorView } from '../api-types.js';
import { deadLetters } from './dead-letters.js';
import { html, setText } from './dom.js';
import { KeyedList } from './keyed-list.js';
import { poll } from './poll.js';
import { supervisionNode } from './supervision-node.js';
import type { View, ViewContext } from './view.js';

const EVERY_MS = 2000;

const INTRO =
  'A supervisor restarts its children when they fail. Past its limit it fails itself, and the one above decides.';

/** Who restarts whom, and the messages that a receiver failed on. */
export function supervisionView(context: ViewContext): View {
  const { api } = context;
  const letters = deadLetters(context);
  const summary = html('p', { class: 'muted intro', role: 'status' }, 'Loading …');
  const tree = html('ul', { class: 'tree' });
  const root = new KeyedList<SupervisionChildView>(tree, ({ name }) => name, supervisionNode);
  const stop = poll(async () => {
    try {
      const supervisor = await api.get<SupervisorView>('/api/v1/supervision');
      const { name, restarts } = supervisor;
      root.update([{ name, kind: 'supervisor', state: '', restarts, lastError: null, supervisor }]);
      await letters.refresh();
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
    letters.element,
  );
  return { title: 'Supervision', element, close: stop };
}

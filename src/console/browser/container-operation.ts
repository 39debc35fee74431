import { type Difference, differencesOf, kindWords } from '../containers.js';
import { actionShare, progressTone, statusTone, statusWords } from '../updates.js';
import type { ContainerActionView, ContainersAnswer, ContainerUpdateView } from '../vehicle-types.js';
import { waitWords } from '../words.js';
import { html, setAttribute, setText } from './dom.js';
import { type Entry, KeyedList } from './keyed-list.js';
import { phaseBar } from './phase-bar.js';
import { pill } from './pills.js';
import { actorHref } from './router.js';
import { showSentences } from './sentences.js';

/** An action beside what it changes. */
interface Planned {
  readonly action: ContainerActionView;
  readonly differences: readonly Difference[];
}

/** The update of containers that is under way: its groups, its actions, and what each will change. */
export function containerOperation() {
  const name = html('span', { class: 'mono' });
  const state = pill();
  const chart = html('a', { class: 'push' }, 'Live chart');
  const waits = html('div', { class: 'explanation' });
  const chips = html('ul', { class: 'chips groups', 'aria-label': 'Groups' });
  const groups = new KeyedList<ContainerUpdateView['groups'][number]>(
    chips,
    ({ baseline }) => baseline,
    ({ baseline }) => groupChip(baseline),
  );
  const list = html('ul', { class: 'operation-actions' });
  const actions = new KeyedList<Planned>(
    list,
    ({ action }) => action.name,
    ({ action }) => actionRow(action),
  );
  const idle = html(
    'p',
    { class: 'muted' },
    'No update of containers is under way. ',
    html('a', { href: '#/updates' }, 'Start one'),
  );
  const body = html('div', {}, waits, chips, list);
  const element = html(
    'section',
    { class: 'panel operation', hidden: true },
    html('div', { class: 'engine-head' }, html('h2', {}, 'Update of containers'), name, state.element, chart),
    idle,
    body,
  );
  return {
    element,
    update(view: ContainerUpdateView, { containers }: ContainersAnswer, now: number): void {
      setAttribute(element, 'hidden', false);
      const isIdle = view.activityId === null;
      setAttribute(idle, 'hidden', !isIdle);
      setAttribute(body, 'hidden', isIdle);
      setAttribute(chart, 'href', actorHref(view.actor));
      setText(name, view.activityId ?? '');
      state.update(isIdle ? '' : view.state, toneOf(view));
      showSentences(
        waits,
        view.waits.map((wait) => waitWords(wait, now)),
      );
      groups.update(view.groups);
      actions.update(view.actions.map((action) => ({ action, differences: differencesOf(action, containers) })));
    },
  };
}

function toneOf({ groups }: ContainerUpdateView) {
  const tones = groups.map(({ status }) => statusTone(status));
  return tones.includes('bad') ? 'bad' : 'busy';
}

function groupChip(baseline: string): Entry<ContainerUpdateView['groups'][number]> {
  const label = html('strong', {}, baseline === '' ? 'all' : baseline);
  const text = html('span');
  const element = html('li', {}, label, text);
  return {
    element,
    update({ status, actions }) {
      setText(text, ` ${statusWords(status)}, ${actions === 1 ? '1 action' : `${actions} actions`}`);
      setAttribute(element, 'class', `chip ${statusTone(status)}`);
    },
  };
}

function actionRow(first: ContainerActionView): Entry<Planned> {
  const kind = html('span', { class: 'chip quiet' });
  const version = html('span', { class: 'muted' });
  const status = pill();
  const progress = phaseBar(`Progress of ${first.name}`);
  const message = html('p', { class: 'sentence' });
  const changes = html('ul', { class: 'changes' });
  const element = html(
    'li',
    { class: 'action' },
    html(
      'div',
      { class: 'action-head' },
      html('span', { class: 'action-name' }, first.name),
      kind,
      version,
      status.element,
    ),
    progress.element,
    changes,
    message,
  );
  let shown = '';
  return {
    element,
    update({ action, differences }) {
      const tone = statusTone(action.status);
      setText(kind, kindWords(action.kind));
      setText(version, action.version);
      status.update(statusWords(action.status), tone);
      const share = actionShare(action);
      progress.update(share, progressTone(action.status, share));
      setText(message, action.message);
      setAttribute(message, 'class', tone === 'bad' ? 'sentence bad-text' : 'sentence');
      const text = JSON.stringify(differences);
      if (text === shown) return;
      shown = text;
      changes.replaceChildren(...differences.map(differenceRow));
    },
  };
}

function differenceRow({ part, before, after }: Difference): HTMLElement {
  if (before === undefined && after === undefined) {
    return html('li', {}, html('span', { class: 'muted' }, 'changes: '), part);
  }
  const old = before === undefined ? undefined : html('del', { class: 'mono' }, before);
  const next = after === undefined ? undefined : html('ins', { class: 'mono' }, after);
  const arrow = old && next ? html('span', { class: 'muted', 'aria-hidden': 'true' }, ' → ') : undefined;
  return html('li', {}, html('span', { class: 'muted' }, `${part} `), old, arrow, next);
}

import { inOrder } from '../containers.js';
import type { ContainersAnswer, ContainerUpdateView, ContainerView, EngineView } from '../vehicle-types.js';
import { ApiError } from './api.js';
import { containerCard } from './container-card.js';
import { containerOperation } from './container-operation.js';
import { html, setAttribute, setText } from './dom.js';
import { enginePanel } from './engine-panel.js';
import { KeyedList } from './keyed-list.js';
import { poll } from './poll.js';
import type { View, ViewContext } from './view.js';

const EVERY_MS = 1000;
const NO_MANAGEMENT =
  'No containers are managed by this process: add a section containerManagement to the configuration.';

/** The containers of a vehicle, the engine that runs them, and what an update does to them. */
export function containersView(context: ViewContext): View {
  const { api } = context;
  const summary = html('p', { class: 'muted', role: 'status' }, 'Loading …');
  const problem = html('p', { class: 'explanation failed', role: 'status', hidden: true });
  const engine = enginePanel();
  const operation = containerOperation();
  const list = html('div', { class: 'cards' });
  const cards = new KeyedList<ContainerView>(
    list,
    ({ id }) => id,
    (container) => containerCard(context, container, () => void refresh()),
  );
  const none = html(
    'div',
    { class: 'panel empty', hidden: true },
    html('h2', {}, 'No containers yet'),
    html(
      'p',
      { class: 'muted' },
      'They come with a desired state: ',
      html('a', { href: '#/updates' }, 'start an update'),
      ', or put a descriptor into the folder that containerManagement.deployment names.',
    ),
  );
  const body = html('div', { hidden: true }, engine.element, operation.element, html('section', {}, none, list));

  const refresh = async (): Promise<void> => {
    try {
      const [answer, found, update] = await Promise.all([
        api.get<ContainersAnswer>('/api/v1/containers'),
        api.get<EngineView>('/api/v1/engine'),
        unlessMissing(api.get<ContainerUpdateView>('/api/v1/container-update')),
      ]);
      const now = api.now();
      engine.update(found, now);
      if (update !== undefined) operation.update(update, answer, now);
      cards.update(inOrder(answer.containers));
      setText(summary, summaryOf(answer.containers));
      setAttribute(none, 'hidden', answer.containers.length > 0);
      setAttribute(body, 'hidden', false);
      setAttribute(problem, 'hidden', true);
    } catch (error) {
      if (error instanceof ApiError && error.status === 0) return;
      const isMissing = error instanceof ApiError && error.status === 404;
      setText(problem, isMissing ? NO_MANAGEMENT : (error as Error).message);
      setAttribute(problem, 'hidden', false);
      setText(summary, '');
    }
  };
  const stop = poll(refresh, EVERY_MS);
  const element = html(
    'div',
    {},
    html('div', { class: 'view-head' }, html('h1', { tabindex: -1 }, 'Containers'), summary),
    problem,
    body,
  );
  return { title: 'Containers', element, close: stop };
}

/** What is not there is no problem: a vehicle may have no update agent. */
async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

function summaryOf(containers: readonly ContainerView[]): string {
  const current = containers.filter(({ role }) => role === 'current');
  if (current.length === 0) return '';
  const running = current.filter(({ status }) => status === 'Running').length;
  return `${running} of ${current.length} running`;
}

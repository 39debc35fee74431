import type { ActorsAnswer } from '../api-types.js';
import { agentOf } from '../updates.js';
import type { CurrentStateView, UpdatesView } from '../vehicle-types.js';
import { ApiError } from './api.js';
import { currentState } from './current-state.js';
import { html, setAttribute, setText } from './dom.js';
import { pill } from './pills.js';
import { poll } from './poll.js';
import { actorHref } from './router.js';
import { runningUpdate } from './running-update.js';
import { updateForm } from './update-form.js';
import { updateHistory } from './update-history.js';
import type { View, ViewContext } from './view.js';

const EVERY_MS = 1000;
/** Inventories change with updates, and may be large. */
const STATE_EVERY_MS = 5000;
const NO_MANAGER =
  'No update manager runs in this process: add a section updateManager to the configuration, or look at the console of the process that has it.';

/** The updates of a vehicle: what is carried out, what waits, what came of the last ones, and what is there now. */
export function updatesView(context: ViewContext): View {
  const { api } = context;
  let domains: readonly string[] = [];
  let agents: readonly string[] = [];
  let isFirst = true;

  const manager = pill();
  const problem = html('p', { class: 'explanation failed', role: 'status', hidden: true });
  const running = runningUpdate((domain) => agentOf(domain, agents));
  const history = updateHistory(() => api.now());
  const state = currentState();
  const form = updateForm(
    context,
    () => domains,
    () => void refresh(),
  );
  const body = html(
    'div',
    { class: 'updates-body', hidden: true },
    html('div', {}, running.element, history.queued, html('section', {}, form.element), history.ended),
    html('div', {}, state.element),
  );

  const refresh = async (): Promise<void> => {
    try {
      const updates = await api.get<UpdatesView>('/api/v1/updates');
      manager.update(updates.state);
      running.update(updates, api.now());
      history.update(updates);
      // With nothing to look at, the next step is to start one.
      if (isFirst && updates.current === null && updates.recent.length === 0) form.element.open = true;
      isFirst = false;
      setAttribute(body, 'hidden', false);
      setAttribute(problem, 'hidden', true);
    } catch (error) {
      if (error instanceof ApiError && error.status === 0) return;
      const isMissing = error instanceof ApiError && error.status === 404;
      setText(problem, isMissing ? NO_MANAGER : (error as Error).message);
      setAttribute(problem, 'hidden', false);
    }
  };
  const refreshState = async (): Promise<void> => {
    try {
      const [current, ...lists] = await Promise.all([
        api.get<CurrentStateView>('/api/v1/current-state'),
        api.get<ActorsAnswer>('/api/v1/actors?type=container-update-agent'),
        api.get<ActorsAnswer>('/api/v1/actors?type=self-update-agent'),
      ]);
      domains = current.domains.map(({ id }) => id);
      agents = lists.flatMap(({ actors }) => actors.map(({ address }) => address));
      state.update(current);
      form.refresh();
    } catch {
      // The other poll says what is wrong.
    }
  };
  const stops = [poll(refresh, EVERY_MS), poll(refreshState, STATE_EVERY_MS)];
  const element = html(
    'div',
    {},
    html(
      'div',
      { class: 'view-head' },
      html('h1', { tabindex: -1 }, 'Updates'),
      manager.element,
      html('a', { href: actorHref('update-manager/main') }, 'Live chart of the manager'),
    ),
    problem,
    body,
  );
  const close = (): void => {
    for (const stop of stops) stop();
  };
  return { title: 'Updates', element, close };
}

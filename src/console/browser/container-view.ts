import { containerTone, restartWords, timeWords } from '../containers.js';
import type { ContainersAnswer, ContainerUsageView, ContainerView } from '../vehicle-types.js';
import { ApiError } from './api.js';
import { portWords } from './container-card.js';
import { containerCommands } from './container-commands.js';
import { ContainerLog } from './container-log.js';
import { containerUsage } from './container-usage.js';
import { html, setAttribute, setText } from './dom.js';
import { pill } from './pills.js';
import { poll } from './poll.js';
import { actorHref, containerHref } from './router.js';
import { showSentences } from './sentences.js';
import type { View, ViewContext } from './view.js';

const EVERY_MS = 1000;
const USAGE_EVERY_MS = 2000;

/** One container: its log and what it uses, asked for only while this is looked at. */
export function containerView(context: ViewContext, id: string): View {
  const { api } = context;
  let shown: ContainerView | undefined;
  let isGone = true;

  const crumb = html('span', {}, id);
  const title = html('h1', { tabindex: -1 }, id);
  const status = pill();
  const time = html('span', { class: 'muted' });
  const chart = html('a', { href: actorHref(`container/${id}`) }, 'Live chart');
  const commands = containerCommands(context, id, () => void refresh());
  const facts = html('p', { class: 'muted facts-line' });
  const image = html('span', { class: 'mono' });
  const more = html('span');
  facts.append(image, more);
  const error = html('p', { class: 'card-error', hidden: true });
  const problem = html('div', { class: 'explanation' });
  const successor = html('a', { hidden: true });
  const usage = containerUsage();
  const log = new ContainerLog(api, id);

  const show = (container: ContainerView): void => {
    const isStarted = container.status === 'Running' && shown?.status !== 'Running';
    // A log ends with the run that wrote it.
    if (shown === undefined || (isStarted && log.hasEnded)) log.follow();
    shown = container;
    setText(title, container.name);
    setText(crumb, container.name);
    status.update(container.status, containerTone(container));
    setText(time, timeWords(container, api.now()));
    setText(image, container.image);
    const rest = [restartWords(container, api.now()), portWords(container.ports)];
    setText(more, ` · ${rest.join(' · ')}`);
    setText(error, container.error);
    setAttribute(error, 'hidden', container.error === '');
    commands.update(container);
  };
  const sayGone = (containers: readonly ContainerView[]): void => {
    showSentences(problem, ['This container is no more: it was removed, or replaced by an update.']);
    const next = containers.find(({ name, role }) => role === 'current' && name === shown?.name);
    setAttribute(successor, 'hidden', next === undefined);
    if (next === undefined) return;
    setText(successor, `To the ${next.name} that is there now`);
    setAttribute(successor, 'href', containerHref(next.id));
  };
  const refresh = async (): Promise<void> => {
    try {
      const { containers } = await api.get<ContainersAnswer>('/api/v1/containers');
      const container = containers.find((each) => each.id === id);
      isGone = container === undefined;
      setAttribute(commands.element, 'hidden', isGone);
      setAttribute(chart, 'hidden', isGone);
      setAttribute(body, 'hidden', shown === undefined && container === undefined);
      if (container === undefined) return sayGone(containers);
      showSentences(problem, []);
      setAttribute(successor, 'hidden', true);
      setAttribute(body, 'hidden', false);
      show(container);
    } catch (failure) {
      if (failure instanceof ApiError && failure.status === 0) return;
      showSentences(problem, [(failure as Error).message]);
    }
  };
  const refreshUsage = async (): Promise<void> => {
    if (isGone) return;
    try {
      usage.update(await api.get<ContainerUsageView>(`/api/v1/containers/${encodeURIComponent(id)}/stats`));
    } catch (failure) {
      if (failure instanceof ApiError && failure.status === 0) return;
      usage.update({ isRunning: false, cpuPercent: null, memoryBytes: null, memoryLimitBytes: null, pids: null });
    }
  };
  const body = html(
    'div',
    { hidden: true },
    facts,
    error,
    html('div', { class: 'tiles usage' }, ...usage.elements),
    log.element,
  );
  const stops = [
    poll(refresh, EVERY_MS),
    poll(async () => {
      // Nobody asks what one uses before it is known to be there.
      if (shown === undefined) await refresh();
      await refreshUsage();
    }, USAGE_EVERY_MS),
  ];
  const element = html(
    'div',
    {},
    html('p', { class: 'crumbs' }, html('a', { href: '#/containers' }, 'Containers'), ' / ', crumb),
    html('div', { class: 'actor-head' }, title, status.element, time, chart, commands.element),
    problem,
    successor,
    body,
  );
  const close = (): void => {
    for (const stop of stops) stop();
    log.close();
  };
  return { title: 'Container', element, close };
}

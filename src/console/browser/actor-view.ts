import type { ActorDetailView, InspectedSnapshot, InspectionMessage } from '../api-types.js';
import { activeStates, takenTransitions } from '../chart/active.js';
import { type ChartGraph, chartGraph } from '../chart/graph.js';
import { explanation } from '../explanation.js';
import { countWords, eventWords } from '../words.js';
import { actorFacts } from './actor-facts.js';
import { unparkButton } from './actor-row.js';
import { ApiError, actorPath } from './api.js';
import { ChartView } from './chart-view.js';
import { html, setAttribute, setText } from './dom.js';
import { EventLog } from './event-log.js';
import { inspect } from './inspection-socket.js';
import { JsonTree } from './json-tree.js';
import { pill } from './pills.js';
import { poll } from './poll.js';
import { actorsHref } from './router.js';
import { showSentences } from './sentences.js';
import type { View, ViewContext } from './view.js';

const EVERY_MS = 1000;
const WAITING = 'Waiting for the chart …';
const NOT_RUNNING = 'This actor is not running; its chart appears when it does.';

/** One actor: its chart, alive, and why it is where it is. */
export function actorView(context: ViewContext, address: string): View {
  const { api } = context;
  const state = pill();
  const status = html('span', { class: 'muted' });
  const live = html('span', { class: 'watch' });
  const sentences = html('div', { class: 'explanation' });
  const missing = html(
    'p',
    { class: 'explanation', hidden: true },
    'There is no actor with this address now: it has ended, or never was. ',
    html('a', { href: actorsHref() }, 'All actors'),
  );
  const facts = actorFacts();
  const chart = new ChartView();
  const log = new EventLog();
  const contextTree = new JsonTree();
  const valueTree = new JsonTree();
  chart.say(WAITING);

  let graph: ChartGraph | undefined;
  let definition: string | undefined;
  let active: ReadonlySet<string> = new Set();
  let isConnected = false;
  let wasThere = false;
  /** Nobody asks for an actor that is gone; the socket tells when it is back. */
  let isGone = false;

  const show = (snapshot: InspectedSnapshot): void => {
    active = activeStates(snapshot.value);
    chart.activate(active);
    contextTree.update(snapshot.context);
    valueTree.update(snapshot.value);
  };
  const redraw = (next: string): void => {
    if (next === definition) return;
    definition = next;
    const result = chartGraph(next);
    graph = result.ok ? result.value : undefined;
    if (result.ok) chart.draw(result.value);
    else chart.say(`No chart to draw: ${result.error.detail}.`);
  };
  const sayLive = (text: string, isLive: boolean): void => {
    setAttribute(live, 'hidden', isGone);
    setText(live, text);
    setAttribute(live, 'class', isLive ? 'watch good' : 'watch bad');
  };
  const onMessage = (message: InspectionMessage): void => {
    if (message.type === 'fleetchart.lost') {
      const lost = `watching live, ${countWords(message.lost)} events were lost`;
      sayLive(message.isShedding ? 'paused: the process is overloaded' : lost, !message.isShedding);
      return;
    }
    const isOwn = message.address === address && message.sessionId === message.rootId;
    if (!isOwn) return;
    const at = Number(message.createdAt) || api.now();
    if (isGone && 'snapshot' in message && message.snapshot.status === 'active') {
      isGone = false;
      void refresh();
    }
    if (message.type === '@xstate.actor') {
      redraw(message.definition);
      show(message.snapshot);
    } else if (message.type === '@xstate.event') {
      const { type } = message.event;
      log.add(at, message.event, graph?.transitions.find(({ event }) => event === type)?.label ?? eventWords(type));
    } else if (message.type === '@xstate.snapshot') {
      const before = active;
      show(message.snapshot);
      const type = message.event?.type;
      if (graph !== undefined && type !== undefined) chart.light(takenTransitions(graph, before, active, type));
    }
  };
  const stopInspection = inspect(address, api.token, {
    onMessage,
    onConnected(connected) {
      isConnected = connected;
      sayLive(connected ? 'watching live' : 'not live, connecting again …', connected);
    },
  });

  const refresh = async (): Promise<void> => {
    if (isGone) return;
    try {
      const actor = await api.get<ActorDetailView>(actorPath(address));
      const now = api.now();
      state.update(actor.state);
      setText(status, actor.status === 'live' ? '' : actor.status);
      setAttribute(unpark, 'hidden', actor.status !== 'parked');
      wasThere = true;
      setAttribute(missing, 'hidden', true);
      setAttribute(body, 'hidden', false);
      setAttribute(live, 'hidden', false);
      setAttribute(sentences, 'class', `explanation ${actor.status}`);
      showSentences(sentences, explanation(actor, now));
      facts.update(actor, now);
      if (definition === undefined) chart.say(actor.status === 'live' ? WAITING : NOT_RUNNING);
      if (!isConnected || graph === undefined) show(actor);
    } catch (error) {
      if (error instanceof ApiError && error.status === 0) return;
      isGone = error instanceof ApiError && error.status === 404;
      setAttribute(missing, 'hidden', !isGone);
      setAttribute(live, 'hidden', isGone);
      setAttribute(body, 'hidden', isGone && !wasThere);
      showSentences(sentences, isGone ? [] : [String((error as Error).message)]);
    }
  };
  const unpark = unparkButton(context, address, () => void refresh());
  setAttribute(unpark, 'hidden', true);

  const type = address.split('/', 1)[0] ?? '';
  const body = html(
    'div',
    { class: 'actor-body' },
    chart.element,
    html(
      'div',
      { class: 'actor-side' },
      html('section', { class: 'panel side' }, html('h2', {}, 'Facts'), facts.element),
      log.element,
      html('section', { class: 'panel side' }, html('h2', {}, 'Context'), contextTree.element),
      html('section', { class: 'panel side' }, html('h2', {}, 'Snapshot value'), valueTree.element),
    ),
  );
  const stopPoll = poll(refresh, EVERY_MS);
  const element = html(
    'div',
    {},
    html(
      'p',
      { class: 'crumbs' },
      html('a', { href: actorsHref() }, 'Actors'),
      ' / ',
      html('a', { href: actorsHref({ type }) }, type),
    ),
    html(
      'div',
      { class: 'actor-head' },
      html('h1', { class: 'mono', tabindex: -1 }, address),
      state.element,
      status,
      live,
      unpark,
    ),
    missing,
    sentences,
    body,
  );
  const close = (): void => {
    stopPoll();
    stopInspection();
    chart.close();
  };
  return { title: address, element, close };
}

import { gapTime, gapWords, presenceWords, signalNotes, signalWords, timesWords } from '../fleet.js';
import type {
  AlertsAnswer,
  AlertView,
  GapsAnswer,
  GapView,
  SignalsAnswer,
  SignalView,
  VehicleConnectionView,
  VehicleDetailView,
  VehicleErrorView,
} from '../fleet-types.js';
import { byteWords, countWords, lastingWords, relativeWords } from '../words.js';
import { ApiError } from './api.js';
import { html, setAttribute, setText } from './dom.js';
import { pill } from './pills.js';
import { poll } from './poll.js';
import { actorHref } from './router.js';
import { showSentences } from './sentences.js';
import { simpleTable } from './simple-table.js';
import type { View, ViewContext } from './view.js';

const EVERY_MS = 1000;

/** One vehicle: whether it is there, what it last said, what is wrong with it and what is missing. */
export function vehicleView({ api }: ViewContext, vin: string): View {
  const path = `/api/v1/vehicles/${encodeURIComponent(vin)}`;
  let signals: readonly SignalView[] = [];
  const state = pill();
  const time = html('span', { class: 'muted' });
  const facts = html('p', { class: 'muted facts-line' });
  const problem = html('div', { class: 'explanation' });
  const filter = html('input', { type: 'search', id: 'signal-filter', placeholder: 'name or value' });
  const tables = tablesOf(() => api.now());

  const showSignals = (): void => {
    const wanted = filter.value.toLowerCase();
    const isWanted = (signal: SignalView): boolean =>
      `${signal.name} ${signalWords(signal)}`.toLowerCase().includes(wanted);
    tables.signals.update(signals.filter(isWanted));
  };
  filter.addEventListener('input', showSignals);

  const show = (vehicle: VehicleDetailView): void => {
    const now = api.now();
    state.update(vehicle.state);
    setText(time, presenceWords(vehicle, now));
    const words = [
      `seen ${relativeWords(vehicle.lastSeenAt, now)}`,
      vehicle.lastRecordAt === null ? 'no record yet' : `last record ${relativeWords(vehicle.lastRecordAt, now)}`,
      timesWords(vehicle.sessions, 'time online', 'times online'),
      timesWords(vehicle.connectionsTotal, 'connection made', 'connections made'),
      timesWords(vehicle.shortDrops, 'short drop', 'short drops'),
    ];
    setText(facts, words.join(' · '));
    tables.connections.update(vehicle.connections);
  };
  const refresh = async (): Promise<void> => {
    try {
      show(await api.get<VehicleDetailView>(path));
      setAttribute(body, 'hidden', false);
      const [values, alerts, gaps] = await Promise.all([
        api.get<SignalsAnswer>(`${path}/signals`),
        api.get<AlertsAnswer>(`${path}/alerts`),
        api.get<GapsAnswer>(`${path}/gaps`),
      ]);
      signals = values.signals;
      showSignals();
      tables.alerts.update([...alerts.active, ...alerts.ended]);
      tables.errors.update(alerts.errors);
      tables.gaps.update(gaps.gaps);
      showSentences(problem, []);
    } catch (failure) {
      if (failure instanceof ApiError && failure.status === 0) return;
      showSentences(problem, [(failure as Error).message]);
    }
  };
  const search = html(
    'div',
    { class: 'toolbar' },
    html('label', { class: 'field grow', for: 'signal-filter' }, html('span', {}, 'Filter signals'), filter),
  );
  const { signals: values, alerts, gaps, connections, errors } = tables;
  const body = html(
    'div',
    { hidden: true },
    facts,
    values.element,
    alerts.element,
    gaps.element,
    connections.element,
    errors.element,
  );
  values.element.querySelector('h2')?.after(search);
  const stop = poll(refresh, EVERY_MS);
  const element = html(
    'div',
    {},
    html('p', { class: 'crumbs' }, html('a', { href: '#/vehicles' }, 'Vehicles'), ' / ', html('span', {}, vin)),
    html(
      'div',
      { class: 'actor-head' },
      html('h1', { tabindex: -1 }, vin),
      state.element,
      time,
      html('a', { href: actorHref(`presence/${vin}`) }, 'Live chart'),
    ),
    problem,
    body,
  );
  return { title: vin, element, close: stop };
}

function tablesOf(now: () => number) {
  const ago = (at: number | null): string => (at === null ? '–' : relativeWords(at, now()));
  return {
    signals: simpleTable<SignalView>(
      'Signals',
      ['Signal', 'Value', 'At the vehicle', 'Received', 'Unchanged for', ''],
      'Nothing is known of its signals yet.',
      ({ name }) => name,
      (signal) => [
        signal.name,
        { text: signalWords(signal), ...(signal.type ? { title: signal.type } : {}) },
        ago(signal.createdAt),
        ago(signal.receivedAt),
        lastingWords(signal.changedAt, now()),
        signalNotes(signal),
      ],
    ),
    alerts: simpleTable<AlertView>(
      'Alerts',
      ['Alert', 'State', 'Began', 'Ended', 'Audience'],
      'No alerts.',
      ({ name }) => name,
      ({ name, endedAt, startedAt, audiences }) => [
        name,
        endedAt === null ? 'active' : 'over',
        ago(startedAt),
        ago(endedAt),
        audiences.join(', '),
      ],
    ),
    gaps: simpleTable<GapView>(
      'Gaps',
      ['Ended', 'What is missing'],
      'Nothing is known to be missing.',
      ({ kind, from }) => `${kind} ${from}`,
      (gap) => [gapTime(gap, now()), gapWords(gap, now())],
    ),
    connections: simpleTable<VehicleConnectionView>(
      'Connections',
      ['From', 'Network', 'Version', 'Connected', 'Records', 'Last record'],
      'It is not connected.',
      ({ id }) => id,
      ({ id, remote, networkInterface, clientVersion, since, records, bytes, lastRecordAt }) => [
        { text: remote, href: actorHref(`vehicle-connection/${id}`) },
        networkInterface || '–',
        clientVersion || '–',
        lastingWords(since, now()),
        { text: countWords(records), title: byteWords(bytes) },
        ago(lastRecordAt),
      ],
    ),
    errors: simpleTable<VehicleErrorView>(
      'Errors',
      ['Error', 'When', 'Text'],
      'No errors.',
      ({ name, createdAt, receivedAt }) => `${name} ${createdAt} ${receivedAt}`,
      ({ name, createdAt, receivedAt, body }) => [name, ago(createdAt ?? receivedAt), body],
    ),
  };
}

import { presenceWords, statesWords } from '../fleet.js';
import type { VehicleRowView, VehiclesAnswer } from '../fleet-types.js';
import { countWords, relativeWords } from '../words.js';
import { ApiError } from './api.js';
import { button, html, setAttribute, setText } from './dom.js';
import { type Entry, KeyedList } from './keyed-list.js';
import { pill } from './pills.js';
import { poll } from './poll.js';
import { vehicleHref } from './router.js';
import type { View, ViewContext } from './view.js';

const EVERY_MS = 2000;
/** The hub looks at every vehicle for these, so it is asked less often, and not for each letter. */
const FILTERED_EVERY_MS = 10_000;
const TYPING_MS = 300;
/** What one search asks for at most: a page of little is one for which the hub has looked at many vehicles. */
const MOST_PAGES = 50;
const PAGE = 100;
/** More rows than a person reads, and as many as the API gives at once. */
const MOST_ROWS = 1000;
const NOT_HERE = 'They connect to a hub that receives telemetry, which this process does not.';

/** Every vehicle that has ever connected, and whether it is there. */
export function vehiclesView({ api }: ViewContext): View {
  let most = PAGE;
  const search = html('input', { type: 'search', id: 'vehicle-search', placeholder: 'part of a VIN' });
  const presence = html(
    'select',
    { id: 'vehicle-presence' },
    html('option', { value: '' }, 'all'),
    html('option', { value: 'online=true' }, 'online'),
    html('option', { value: 'online=false' }, 'offline'),
    html('option', { value: 'state=silent' }, 'silent'),
  );
  const summary = html('p', { class: 'muted', role: 'status' }, 'Loading …');
  const body = html('tbody');
  const list = new KeyedList<VehicleRowView>(
    body,
    ({ vin }) => vin,
    () => vehicleEntry(() => api.now()),
  );
  const more = button('Show more', () => {
    most = Math.min(MOST_ROWS, most * 4);
    return refresh();
  });
  const moreRow = html('p', { class: 'more', hidden: true }, more);

  let asked = 0;
  let askedAt = 0;
  let typing: number | undefined;
  const filters = (): string => {
    const q = search.value.trim();
    return [presence.value, q === '' ? '' : `q=${encodeURIComponent(q)}`].filter(Boolean).join('&');
  };
  /** Undefined if something else was asked for meanwhile. */
  const find = async (wanted: string, turn: number): Promise<VehiclesAnswer | undefined> => {
    const found: VehicleRowView[] = [];
    for (let page = 1, cursor = ''; ; page += 1) {
      const query = [`limit=${most - found.length}`, wanted, cursor && `cursor=${encodeURIComponent(cursor)}`];
      const answer = await api.get<VehiclesAnswer>(`/api/v1/vehicles?${query.filter(Boolean).join('&')}`);
      if (turn !== asked) return undefined;
      found.push(...answer.vehicles);
      const isDone = answer.next === null || found.length >= most || page === MOST_PAGES;
      if (isDone) return { ...answer, vehicles: found };
      cursor = answer.next;
    }
  };
  const refresh = async (): Promise<void> => {
    clearTimeout(typing);
    asked += 1;
    askedAt = Date.now();
    try {
      const answer = await find(filters(), asked);
      if (!answer) return;
      list.update(answer.vehicles);
      const isNone = answer.vehicles.length === 0 && filters() !== '';
      setText(summary, statesWords(answer.states) + (isNone ? '; none is found' : ''));
      setAttribute(moreRow, 'hidden', answer.next === null || most >= MOST_ROWS);
    } catch (error) {
      if (error instanceof ApiError && error.status === 0) return;
      const isMissing = error instanceof ApiError && error.status === 404;
      setText(summary, isMissing ? NOT_HERE : (error as Error).message);
    }
  };
  search.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => void refresh(), TYPING_MS);
  });
  presence.addEventListener('change', () => void refresh());
  const stopPoll = poll(async () => {
    if (filters() === '' || Date.now() - askedAt >= FILTERED_EVERY_MS) await refresh();
  }, EVERY_MS);
  const stop = (): void => {
    clearTimeout(typing);
    asked += 1;
    stopPoll();
  };

  const heads = ['VIN', 'Presence', 'How long', 'Network', 'Version', 'Connections', 'Times online', 'Last seen'].map(
    (label, index) => html('th', { scope: 'col', class: index > 4 ? 'number' : undefined }, label),
  );
  const element = html(
    'div',
    {},
    html('h1', { tabindex: -1 }, 'Vehicles'),
    html(
      'div',
      { class: 'toolbar' },
      html('label', { class: 'field grow', for: 'vehicle-search' }, html('span', {}, 'Search'), search),
      html('label', { class: 'field', for: 'vehicle-presence' }, html('span', {}, 'Presence'), presence),
      summary,
    ),
    html(
      'div',
      { class: 'panel scroll-x' },
      html('table', { class: 'rows' }, html('thead', {}, html('tr', {}, ...heads)), body),
    ),
    moreRow,
  );
  return { title: 'Vehicles', element, close: stop };
}

function vehicleEntry(now: () => number): Entry<VehicleRowView> {
  const link = html('a', { class: 'mono' });
  const state = pill();
  const [since, network, version] = [html('td'), html('td'), html('td')];
  const connections = html('td', { class: 'number' });
  const sessions = html('td', { class: 'number' });
  const seen = html('td', { class: 'number' });
  const element = html(
    'tr',
    {},
    html('th', { scope: 'row' }, link),
    html('td', {}, state.element),
    since,
    network,
    version,
    connections,
    sessions,
    seen,
  );
  return {
    element,
    update(vehicle) {
      setText(link, vehicle.vin);
      setAttribute(link, 'href', vehicleHref(vehicle.vin));
      state.update(vehicle.state);
      setText(since, presenceWords(vehicle, now()));
      setText(network, vehicle.networkInterface || '–');
      setText(version, vehicle.clientVersion || '–');
      setText(connections, countWords(vehicle.connectionCount));
      setText(sessions, countWords(vehicle.sessions));
      setText(seen, relativeWords(vehicle.lastSeenAt, now()));
    },
  };
}

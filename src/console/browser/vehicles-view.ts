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

  const refresh = async (): Promise<void> => {
    const q = search.value.trim();
    const query = [`limit=${most}`, presence.value, q === '' ? '' : `q=${encodeURIComponent(q)}`];
    try {
      const answer = await api.get<VehiclesAnswer>(`/api/v1/vehicles?${query.filter(Boolean).join('&')}`);
      list.update(answer.vehicles);
      const shown = answer.vehicles.length === 0 && q !== '' ? '; none is found' : '';
      setText(summary, statesWords(answer.states) + shown);
      setAttribute(moreRow, 'hidden', answer.next === null || most >= MOST_ROWS);
    } catch (error) {
      if (error instanceof ApiError && error.status === 0) return;
      const isMissing = error instanceof ApiError && error.status === 404;
      setText(summary, isMissing ? NOT_HERE : (error as Error).message);
    }
  };
  search.addEventListener('input', () => void refresh());
  presence.addEventListener('change', () => void refresh());
  const stop = poll(refresh, EVERY_MS);

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

import type { ConnectionsAnswer, ConnectionView } from '../api-types.js';
import { countWords } from '../words.js';
import { ApiError } from './api.js';
import { CONNECTION_COLUMNS, type ConnectionColumn, connectionRow } from './connection-row.js';
import { html, setAttribute, setText } from './dom.js';
import { KeyedList } from './keyed-list.js';
import { poll } from './poll.js';
import type { View, ViewContext } from './view.js';

const EVERY_MS = 2000;
/** More rows than a person reads, and few enough to redraw every two seconds. */
const MOST_ROWS = 500;

/** Every vehicle that is connected now. */
export function connectionsView({ api, feed }: ViewContext): View {
  let all: readonly ConnectionView[] = [];
  let column: ConnectionColumn | undefined = CONNECTION_COLUMNS[0];
  let isDescending = false;

  const filter = html('input', {
    type: 'search',
    id: 'connection-filter',
    placeholder: 'VIN, state, device, network …',
  });
  const summary = html('p', { class: 'muted', role: 'status' }, 'Loading …');
  const body = html('tbody');
  const list = new KeyedList<ConnectionView>(
    body,
    ({ id }) => id,
    connectionRow(() => api.now()),
  );

  const show = (): void => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const matching = all.filter((connection) => words.every((word) => searchable(connection).includes(word)));
    const order = column?.order ?? (() => 0);
    const direction = isDescending ? -1 : 1;
    const sorted = [...matching].sort((one, other) => {
      const [a, b] = [order(one), order(other)];
      return direction * (a < b ? -1 : a > b ? 1 : 0);
    });
    list.update(sorted.slice(0, MOST_ROWS));
    setText(summary, summaryOf(all.length, matching.length));
  };

  const heads = CONNECTION_COLUMNS.map((head) => {
    const sort = html('button', { type: 'button', class: 'sort' }, head.label);
    const element = html('th', { scope: 'col', class: head.isNumber ? 'number' : undefined }, sort);
    sort.addEventListener('click', () => {
      isDescending = column === head ? !isDescending : head.isNumber;
      column = head;
      markSorted();
      show();
    });
    return { head, element };
  });
  const markSorted = (): void => {
    for (const { head, element } of heads) {
      const direction = isDescending ? 'descending' : 'ascending';
      setAttribute(element, 'aria-sort', head === column ? direction : undefined);
    }
  };
  markSorted();
  filter.addEventListener('input', show);

  const toolbar = html(
    'div',
    { class: 'toolbar' },
    html('label', { class: 'field grow', for: 'connection-filter' }, html('span', {}, 'Filter'), filter),
    summary,
  );
  const table = html(
    'div',
    { class: 'panel scroll-x' },
    html('table', { class: 'rows' }, html('thead', {}, html('tr', {}, ...heads.map((head) => head.element))), body),
  );
  const none = html(
    'div',
    { class: 'panel empty', hidden: true },
    html('h2', {}, 'No vehicles connect here'),
    html(
      'p',
      { class: 'muted' },
      'They connect to a hub that receives telemetry, which this process does not. ',
      html('a', { href: '#/' }, 'See what it does'),
      '.',
    ),
  );
  const showWhether = (isReceiving: boolean): void => {
    setAttribute(none, 'hidden', isReceiving);
    for (const part of [toolbar, table]) setAttribute(part, 'hidden', !isReceiving);
  };

  const stop = poll(async () => {
    const { overview } = feed.state;
    if (overview !== undefined && overview.telemetry === undefined) return showWhether(false);
    try {
      all = (await api.get<ConnectionsAnswer>('/api/v1/telemetry/connections')).connections;
      showWhether(true);
      show();
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return showWhether(false);
      setText(summary, error instanceof Error ? error.message : String(error));
    }
  }, EVERY_MS);

  const element = html('div', {}, html('h1', { tabindex: -1 }, 'Connections'), none, toolbar, table);
  return { title: 'Connections', element, close: stop };
}

function searchable({ vin, state, deviceType, networkInterface, remote }: ConnectionView): string {
  return `${vin} ${state} ${deviceType} ${networkInterface ?? ''} ${remote}`.toLowerCase();
}

function summaryOf(all: number, matching: number): string {
  if (all === 0) return 'No vehicle is connected.';
  const shown = matching > MOST_ROWS ? `; the first ${countWords(MOST_ROWS)} are shown` : '';
  return matching === all
    ? `${countWords(all)} connected${shown}`
    : `${countWords(matching)} of ${countWords(all)}${shown}`;
}

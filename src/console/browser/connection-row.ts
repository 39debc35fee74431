import type { ConnectionView } from '../api-types.js';
import { byteWords, countWords, lastingWords, relativeWords } from '../words.js';
import { html, setAttribute, setText } from './dom.js';
import type { Entry } from './keyed-list.js';
import { pill } from './pills.js';
import { actorHref } from './router.js';

/** A column of the table of connections; `order` gives what it sorts by. */
export interface ConnectionColumn {
  readonly label: string;
  readonly isNumber: boolean;
  readonly order: (connection: ConnectionView) => string | number;
}

export const CONNECTION_COLUMNS: readonly ConnectionColumn[] = [
  { label: 'VIN', isNumber: false, order: ({ vin }) => vin },
  { label: 'State', isNumber: false, order: ({ state }) => state },
  { label: 'Device', isNumber: false, order: ({ deviceType }) => deviceType },
  { label: 'Network', isNumber: false, order: ({ networkInterface }) => networkInterface ?? '' },
  { label: 'Connected', isNumber: true, order: ({ since }) => -since },
  { label: 'Records', isNumber: true, order: ({ records }) => records },
  { label: 'Acks', isNumber: true, order: ({ acks }) => acks },
  { label: 'Last record', isNumber: true, order: ({ lastRecordAt }) => lastRecordAt ?? 0 },
];

/** The actor that keeps a connection. */
function connectionAddress(id: string): string {
  return id.includes('/') ? id : `vehicle-connection/${id}`;
}

export function connectionRow(now: () => number): (connection: ConnectionView) => Entry<ConnectionView> {
  return ({ id }) => {
    const link = html('a', { href: actorHref(connectionAddress(id)), class: 'mono' });
    const state = pill();
    const device = html('td');
    const network = html('td');
    const since = html('td', { class: 'number' });
    const records = html('td', { class: 'number' });
    const acks = html('td', { class: 'number' });
    const last = html('td', { class: 'number' });
    const cells = [html('th', { scope: 'row' }, link), html('td', {}, state.element), device, network];
    const element = html('tr', {}, ...cells, since, records, acks, last);
    return {
      element,
      update(connection) {
        setText(link, connection.vin);
        setAttribute(link, 'title', `from ${connection.remote}`);
        state.update(connection.state);
        setText(device, connection.deviceType);
        setText(network, connection.networkInterface || '–');
        setText(since, lastingWords(connection.since, now()));
        setText(records, countWords(connection.records));
        setAttribute(records, 'title', byteWords(connection.bytes));
        setText(acks, countWords(connection.acks));
        setText(last, connection.lastRecordAt === null ? 'none yet' : relativeWords(connection.lastRecordAt, now()));
      },
    };
  };
}

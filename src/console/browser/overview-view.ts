import type { DispatcherView, OverviewView } from '../api-types.js';
import { byteWords, countWords, rateWords } from '../words.js';
import { actorCountRow, type TypeCount } from './actor-counts.js';
import { dispatcherCard } from './dispatcher-card.js';
import { html, setAttribute } from './dom.js';
import { KeyedList } from './keyed-list.js';
import { tile } from './pills.js';
import { sparkline } from './sparkline.js';
import type { View, ViewContext } from './view.js';

/** Vehicles send again what an earlier process stored and could not acknowledge any more: acked then, and not counted anew. */
function acksNote({ acksTotal, recordsTotal }: { readonly acksTotal: number; readonly recordsTotal: number }): string {
  if (acksTotal > recordsTotal) return 'with records stored before the start and sent again';
  return acksTotal === 1 ? 'record' : 'records';
}

/** The whole process at a glance. */
export function overviewView({ feed, api }: ViewContext): View {
  const rate = tile('Records a second');
  const curve = sparkline();
  rate.element.append(curve.element);
  rate.element.classList.add('tile-wide');
  const connections = tile('Connections');
  const acks = tile('Acknowledged');
  const actors = tile('Actors');
  const storage = tile('Store');
  const cards = html('div', { class: 'cards' });
  const dispatchers = new KeyedList<DispatcherView>(
    cards,
    ({ name }) => name,
    (one) => dispatcherCard(one, () => api.now()),
  );
  const dispatcherSection = html('section', { hidden: true }, html('h2', {}, 'Dispatchers'), cards);
  const rows = html('tbody');
  const types = new KeyedList<TypeCount>(rows, ({ type }) => type, actorCountRow);
  const element = html(
    'div',
    {},
    html('h1', { class: 'visually-hidden', tabindex: -1 }, 'Overview'),
    html('div', { class: 'tiles' }, rate.element, connections.element, acks.element, actors.element, storage.element),
    dispatcherSection,
    html(
      'section',
      {},
      html('h2', {}, 'Actors by type and state'),
      html(
        'div',
        { class: 'panel scroll-x' },
        html(
          'table',
          {},
          html(
            'thead',
            {},
            html('tr', {}, html('th', {}, 'Type'), html('th', { class: 'number' }, 'Live'), html('th', {}, 'States')),
          ),
          rows,
        ),
      ),
    ),
  );

  const show = (overview: OverviewView, rates: readonly number[]): void => {
    const { telemetry, storage: store, actors: counts } = overview;
    for (const { element: shown } of [rate, connections, acks]) setAttribute(shown, 'hidden', telemetry === undefined);
    if (telemetry !== undefined) {
      rate.update(rateWords(telemetry.recordsPerSecond), `${countWords(telemetry.recordsTotal)} since the start`);
      curve.update(rates);
      connections.update(countWords(telemetry.connections), telemetry.connections === 1 ? 'vehicle' : 'vehicles');
      acks.update(countWords(telemetry.acksTotal), acksNote(telemetry));
    }
    const parked = counts.parked === 0 ? '' : `, ${countWords(counts.parked)} parked`;
    const asleep = counts.passivated === undefined ? '' : `, ${countWords(counts.passivated)} asleep`;
    actors.update(countWords(counts.live), `live${asleep}${parked}`);
    setAttribute(actors.element, 'class', counts.parked === 0 ? 'tile' : 'tile busy');
    storage.update(byteWords(store.sizeBytes), store.degraded === null ? 'writing normally' : 'not writing');
    setAttribute(storage.element, 'class', store.degraded === null ? 'tile' : 'tile bad');
    setAttribute(dispatcherSection, 'hidden', (overview.dispatchers ?? []).length === 0);
    dispatchers.update(overview.dispatchers ?? []);
    const live = Object.entries(counts.byType).filter(([, count]) => count.live > 0);
    types.update(live.map(([type, count]) => ({ type, ...count })));
  };
  const stop = feed.listen(({ overview, rates }) => {
    if (overview !== undefined) show(overview, rates);
  });
  return { title: 'Overview', element, close: stop };
}

import type { EngineView } from '../vehicle-types.js';
import { errorWords, lastingWords, relativeWords } from '../words.js';
import { html, setAttribute, setText } from './dom.js';
import { KeyedList } from './keyed-list.js';
import { pill } from './pills.js';

type Orphan = EngineView['orphans'][number];

const SIMULATED = 'Simulated: no container really runs. For real ones, set containerManagement.fleetchart.engine.';

/** The engine that runs the containers: which, why this one, whether it is there, and what is in it that nobody knows. */
export function enginePanel() {
  const name = html('strong');
  const kind = html('span', { class: 'muted' });
  const state = pill();
  const simulated = html('span', { class: 'chip busy simulated', title: SIMULATED }, 'simulated');
  const since = html('span', { class: 'muted' });
  const why = html('p', { class: 'muted' });
  const error = html('p', { class: 'card-error' });
  const note = html('p', { class: 'simulated-note' }, SIMULATED);
  const list = html('ul', { class: 'orphans' });
  const orphans = new KeyedList<Orphan>(
    list,
    ({ id }) => id,
    (orphan) => ({
      element: html('li', {}, html('span', {}, orphan.name), html('span', { class: 'mono muted' }, orphan.id)),
      update: () => {},
    }),
  );
  const about = html('p', {});
  const left = html('details', { class: 'left-over' }, html('summary', {}, about), list);
  const element = html(
    'div',
    { class: 'panel engine' },
    html('div', { class: 'engine-head' }, html('h2', {}, 'Engine'), name, kind, simulated, state.element, since),
    why,
    note,
    error,
    left,
  );
  return {
    element,
    update(engine: EngineView, now: number): void {
      setText(name, [engine.name, engine.version].filter(Boolean).join(' ') || 'none found yet');
      setText(kind, engine.kind ?? '');
      setAttribute(kind, 'hidden', engine.kind === undefined || engine.isSimulated);
      setAttribute(simulated, 'hidden', !engine.isSimulated);
      setAttribute(note, 'hidden', !engine.isSimulated);
      state.update(engine.state);
      setText(since, engine.since === null ? '' : `for ${lastingWords(engine.since, now)}`);
      setText(why, engine.why === undefined ? '' : `Chosen because: ${engine.why}`);
      setAttribute(why, 'hidden', engine.why === undefined);
      const isDown = engine.state !== 'ready' && engine.lastError !== undefined;
      const at = engine.lastError?.at ?? null;
      const when = at === null ? '' : ` (${relativeWords(at, now)})`;
      setText(error, isDown ? `${errorWords(engine.lastError ?? null)}${when}. Tried again by itself.` : '');
      setAttribute(error, 'hidden', !isDown);
      setText(about, orphanWords(engine.orphans.length));
      setAttribute(left, 'hidden', engine.orphans.length === 0);
      orphans.update(engine.orphans);
    },
  };
}

function orphanWords(count: number): string {
  return count === 1
    ? 'One container in the engine bears our label, and nobody here knows it. It is taken over with the next look at the engine.'
    : `${count} containers in the engine bear our label, and nobody here knows them. They are taken over with the next look at the engine.`;
}

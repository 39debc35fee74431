import { actionShare, componentWords, domainShare, progressTone, statusTone, statusWords } from '../updates.js';
import type { ActionView, DomainView } from '../vehicle-types.js';
import { html, setAttribute, setText } from './dom.js';
import { type Entry, KeyedList } from './keyed-list.js';
import { phaseBar } from './phase-bar.js';
import { pill } from './pills.js';
import { actorHref } from './router.js';

/** What a running update does in one domain: how far it is, and each action with what its agent says of it. */
export function domainCard({ id }: DomainView, agentOf: (domain: string) => string | undefined): Entry<DomainView> {
  const status = pill();
  const chart = html('a', { hidden: true }, 'Live chart');
  const progress = phaseBar(`Progress of ${id}`);
  const nothing = html('p', { class: 'muted' });
  const rows = html('ul', { class: 'actions' });
  const actions = new KeyedList<ActionView>(
    rows,
    ({ component }) => component.id ?? '',
    (action) => actionRow(action, id),
  );
  const element = html(
    'article',
    { class: 'domain' },
    html('header', { class: 'card-head' }, html('h3', {}, id), chart, status.element),
    progress.element,
    nothing,
    rows,
  );
  return {
    element,
    update(domain) {
      status.update(statusWords(domain.status), statusTone(domain.status));
      const share = domainShare(domain);
      progress.update(share, progressTone(domain.status, share));
      actions.update(domain.actions);
      const said = domain.status === 'IDENTIFYING' ? 'Its agent looks at what is to be done.' : 'No actions reported.';
      setText(nothing, domain.actions.length > 0 ? '' : said);
      setAttribute(nothing, 'hidden', domain.actions.length > 0);
      const agent = agentOf(id);
      setAttribute(chart, 'hidden', agent === undefined);
      if (agent !== undefined) setAttribute(chart, 'href', actorHref(agent));
    },
  };
}

function actionRow({ component: { id = '' } }: ActionView, domain: string): Entry<ActionView> {
  const version = html('span', { class: 'muted' });
  const status = pill();
  const percent = html('span', { class: 'muted percent' });
  const message = html('p', { class: 'sentence' });
  const element = html(
    'li',
    { class: 'action' },
    html(
      'div',
      { class: 'action-head' },
      html('span', { class: 'action-name' }, componentWords(id, domain)),
      version,
      percent,
      status.element,
    ),
    message,
  );
  return {
    element,
    update(action) {
      const { status: said = '', component } = action;
      const isBad = statusTone(said) === 'bad';
      setText(version, component.version ?? '');
      status.update(statusWords(said), statusTone(said));
      const isUnderWay = /ING$/.test(said) && (action.progress ?? 0) > 0;
      setText(percent, isUnderWay ? `${Math.min(100, action.progress ?? 0)} %` : '');
      setText(message, action.message ?? '');
      setAttribute(message, 'class', isBad ? 'sentence bad-text' : 'sentence');
      setAttribute(element, 'data-share', Math.round(actionShare(action) * 100));
    },
  };
}

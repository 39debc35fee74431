import { componentWords } from '../updates.js';
import type { CurrentStateView, DomainStateView, NodeView } from '../vehicle-types.js';
import { html, setAttribute, setText } from './dom.js';
import { type Entry, KeyedList } from './keyed-list.js';
import { actorHref } from './router.js';

/** What the vehicle says that it has: of each domain its hardware and software, their parameters folded. */
export function currentState() {
  const list = html('div', { class: 'state-domains' });
  const domains = new KeyedList<DomainStateView>(list, ({ id }) => id, domainState);
  const chart = html('a', { hidden: true }, 'Live chart');
  const none = html('p', { class: 'muted' }, 'No agents are configured: name them under updateManager.agents.');
  const element = html(
    'section',
    { class: 'panel side' },
    html('header', { class: 'side-head' }, html('h2', {}, 'Current state'), chart),
    none,
    list,
  );
  return {
    element,
    update({ actor, domains: all }: CurrentStateView): void {
      setAttribute(chart, 'hidden', false);
      setAttribute(chart, 'href', actorHref(actor));
      setAttribute(none, 'hidden', all.length > 0);
      domains.update(all);
    },
  };
}

/** A node with the text that it is compared by. */
interface Shown {
  readonly key: string;
  readonly node: NodeView;
}

function domainState({ id }: DomainStateView): Entry<DomainStateView> {
  const note = html('p', { class: 'muted' });
  const list = html('ul', { class: 'nodes' });
  const nodes = new KeyedList<Shown>(
    list,
    ({ key }) => key,
    ({ node }) => nodeRow(node, id),
  );
  const element = html('div', { class: 'state-domain' }, html('h3', {}, id), note, list);
  return {
    element,
    update({ isKnown, hardwareNodes, softwareNodes }) {
      const all = [...softwareNodes, ...hardwareNodes];
      const empty = isKnown ? 'Reported, with nothing in it.' : 'Not reported yet: its agent has not been heard.';
      setText(note, empty);
      setAttribute(note, 'hidden', all.length > 0);
      nodes.update(
        all.map((node, index) => ({ key: `${node.id ?? index} ${(node.parameters ?? []).length > 0}`, node })),
      );
    },
  };
}

function nodeRow(first: NodeView, domain: string): Entry<Shown> {
  const name = html('span', { class: 'node-name' });
  const version = html('span', { class: 'mono muted' });
  const type = html('span', { class: 'muted node-type' });
  const parameters = html('dl', { class: 'parameters' });
  const summary = html('summary', {}, name, version, type);
  const hasParameters = (first.parameters ?? []).length > 0;
  const plain = html('div', { class: 'node-plain' });
  const element = html('li', {}, hasParameters ? html('details', {}, summary, parameters) : plain);
  if (!hasParameters) plain.append(name, version, type);
  let shown = '';
  return {
    element,
    update({ node }) {
      const text = JSON.stringify(node);
      if (text === shown) return;
      shown = text;
      setText(name, componentWords(node.id ?? '', domain) || (node.name ?? '(without an id)'));
      setAttribute(name, 'title', node.name);
      setText(version, node.version ?? '');
      setText(type, (node.type ?? '').toLowerCase());
      parameters.replaceChildren(
        ...(node.parameters ?? []).map(({ key = '', value = '' }) =>
          html('div', {}, html('dt', {}, key), html('dd', {}, value)),
        ),
      );
    },
  };
}

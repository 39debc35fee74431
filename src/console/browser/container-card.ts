import { containerTone, restartWords, timeWords } from '../containers.js';
import type { ContainerView } from '../vehicle-types.js';
import { containerCommands } from './container-commands.js';
import { html, setAttribute, setText } from './dom.js';
import type { Entry } from './keyed-list.js';
import { pill } from './pills.js';
import { actorHref, containerHref } from './router.js';
import type { ViewContext } from './view.js';

const ROLES = {
  current: '',
  pending: 'prepared by an update',
  old: 'replaced by an update',
};

/** One container: how it is, of which image, and what went wrong with it. */
export function containerCard(context: ViewContext, { id, actor }: ContainerView, onDone: () => void) {
  const { api } = context;
  const link = html('a', { href: containerHref(id) });
  const role = html('span', { class: 'chip busy' });
  const system = html('span', { class: 'chip quiet', title: 'No desired state changes it' }, 'system');
  const status = pill();
  const image = html('p', { class: 'mono image' });
  const time = html('span');
  const restarts = html('span');
  const ports = html('p', { class: 'muted ports' });
  const error = html('p', { class: 'card-error' });
  const commands = containerCommands(context, id, onDone);
  const element = html(
    'article',
    { class: 'card container-card' },
    html('header', { class: 'card-head' }, html('h3', {}, link), role, system, status.element),
    image,
    html('p', { class: 'card-line' }, time, restarts),
    ports,
    error,
    html(
      'footer',
      { class: 'card-foot' },
      commands.element,
      html('a', { href: containerHref(id), class: 'push' }, 'Log and use'),
      html('a', { href: actorHref(actor) }, 'Live chart'),
    ),
  );
  return {
    element,
    update(container) {
      setText(link, container.name);
      setText(role, ROLES[container.role]);
      setAttribute(role, 'hidden', container.role === 'current');
      setAttribute(system, 'hidden', !container.isSystem);
      status.update(container.status, containerTone(container));
      setText(image, container.image);
      setText(time, timeWords(container, api.now()));
      setText(restarts, restartWords(container, api.now()));
      const isLooping = container.restartCount > 0 || container.restartsAt !== undefined;
      setAttribute(restarts, 'class', isLooping ? 'restarts' : 'muted');
      setText(ports, portWords(container.ports));
      setAttribute(ports, 'hidden', container.ports.length === 0);
      setText(error, container.error);
      setAttribute(error, 'hidden', container.error === '');
      commands.update(container);
    },
  } satisfies Entry<ContainerView>;
}

export function portWords(ports: readonly string[]): string {
  return ports.length === 0 ? 'no ports' : `${ports.length === 1 ? 'port' : 'ports'} ${ports.join(', ')}`;
}

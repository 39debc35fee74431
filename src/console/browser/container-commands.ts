import { type Command, commandsFor } from '../containers.js';
import type { ContainerView } from '../vehicle-types.js';
import { button, html, setAttribute } from './dom.js';
import type { ViewContext } from './view.js';

const LABELS: Readonly<Record<Command, string>> = { start: 'Start', stop: 'Stop', pause: 'Pause', resume: 'Resume' };
const DONE: Readonly<Record<Command, string>> = {
  start: 'was started',
  stop: 'was stopped',
  pause: 'was paused',
  resume: 'runs again',
};

/** What an operator may do about a container; `onDone` is for the view to look again. */
export function containerCommands({ api, notices }: ViewContext, id: string, onDone: () => void) {
  let name = '';
  const buttons = (Object.keys(LABELS) as Command[]).map((command) => {
    const element = button(LABELS[command], async () => {
      try {
        const status = await api.post(`/api/v1/containers/${encodeURIComponent(id)}/${command}`);
        notices.say(
          status === 202 ? `${name}: ${command} takes its time, and goes on.` : `${name} ${DONE[command]}.`,
          'good',
        );
      } catch (error) {
        notices.say(error instanceof Error ? error.message : String(error), 'bad');
      }
      onDone();
    });
    return { command, element };
  });
  const element = html('div', { class: 'commands' }, ...buttons.map((each) => each.element));
  return {
    element,
    update(container: ContainerView): void {
      name = container.name;
      const possible = commandsFor(container);
      for (const each of buttons) {
        setAttribute(each.element, 'hidden', !possible.includes(each.command));
        setAttribute(each.element, 'aria-label', `${LABELS[each.command]} ${name}`);
      }
      setAttribute(element, 'hidden', possible.length === 0);
    },
  };
}

import type { Tone } from '../words.js';
import { setAttribute, svg } from './dom.js';

const PHASES = ['download', 'update', 'activation'];
const GAP = 1;
const WIDTH = (100 - GAP * (PHASES.length - 1)) / PHASES.length;

/** How far an update is: a part of the bar for each of its phases. */
export function phaseBar(label: string): { readonly element: Element; update(share: number, tone: Tone): void } {
  const levels = PHASES.map((_, index) =>
    svg('rect', { class: 'bar-level', x: `${index * (WIDTH + GAP)}%`, height: 6, rx: 3, width: 0 }),
  );
  const bounds = PHASES.map((_, index) =>
    svg('rect', { class: 'bar-bound', x: `${index * (WIDTH + GAP)}%`, height: 6, rx: 3, width: `${WIDTH}%` }),
  );
  const element = svg(
    'svg',
    { class: 'bar phases', role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100, height: 6, width: '100%' },
    ...bounds,
    ...levels,
  );
  setAttribute(element, 'aria-label', label);
  const update = (share: number, tone: Tone): void => {
    const over = share * PHASES.length;
    levels.forEach((level, index) => {
      const filled = Math.min(1, Math.max(0, over - index));
      setAttribute(level, 'width', filled <= 0 ? 0 : `${Math.max(1, WIDTH * filled)}%`);
    });
    setAttribute(element, 'class', `bar phases ${tone}`);
    setAttribute(element, 'aria-valuenow', Math.round(share * 100));
    const phase = PHASES[Math.min(PHASES.length - 1, Math.floor(over))];
    setAttribute(
      element,
      'aria-valuetext',
      share >= 1 ? 'done' : `${Math.round(share * 100)} %, before the end of ${phase}`,
    );
  };
  return { element, update };
}

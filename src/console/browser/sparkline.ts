import { rateWords } from '../words.js';
import { setAttribute, svg } from './dom.js';

const WIDTH = 240;
const HEIGHT = 56;
/** Fewer samples than this do not fill the width, so that the first seconds look like what they are. */
const LEAST_SAMPLES = 30;

/** The course of a figure over the last two minutes, newest at the right edge; the scale ends at `least` or above. */
export function sparkline(describe: (now: number, peak: number) => string = recordsWords): {
  readonly element: SVGElement;
  update(samples: readonly number[], least?: number): void;
} {
  const area = svg('path', { class: 'spark-area' });
  const line = svg('path', { class: 'spark-line', 'vector-effect': 'non-scaling-stroke' });
  const element = svg(
    'svg',
    { class: 'spark', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img' },
    area,
    line,
  );
  const update = (samples: readonly number[], least = 1): void => {
    const peak = Math.max(least, ...samples);
    const step = WIDTH / (Math.max(LEAST_SAMPLES, samples.length) - 1);
    const points = samples.map((value, index) => {
      const x = WIDTH - (samples.length - 1 - index) * step;
      return `${x.toFixed(1)},${(HEIGHT - 2 - (value / peak) * (HEIGHT - 6)).toFixed(1)}`;
    });
    const first = points[0]?.split(',')[0] ?? WIDTH;
    setAttribute(line, 'd', points.length < 2 ? '' : `M${points.join('L')}`);
    setAttribute(area, 'd', points.length < 2 ? '' : `M${first},${HEIGHT}L${points.join('L')}L${WIDTH},${HEIGHT}Z`);
    setAttribute(element, 'aria-label', describe(samples.at(-1) ?? 0, Math.max(0, ...samples)));
  };
  return { element, update };
}

function recordsWords(now: number, peak: number): string {
  return `Records a second over the last two minutes: now ${rateWords(now)}, at most ${rateWords(peak)}`;
}

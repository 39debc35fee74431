import { html, svg } from './dom.js';

/** What the marks of a chart mean, drawn with the chart's own shapes. */
export function chartKey(): readonly HTMLElement[] {
  const line = (kind: string): SVGElement =>
    svg(
      'g',
      { class: `line ${kind}` },
      svg('path', { class: 'line-path', d: 'M1,7L19,7' }),
      svg('path', { class: 'line-tip', d: 'M25,7L18,3.5L18,10.5Z' }),
    );
  const box = svg('rect', { class: 'state-box', x: 2, y: 2, width: 22, height: 10, rx: 4 });
  return [
    keyEntry(svg('g', { class: 'state active atomic' }, box), 'active'),
    keyEntry(line('open'), 'can happen next'),
    keyEntry(line('taken'), 'just happened'),
  ];
}

function keyEntry(shape: SVGElement, label: string): HTMLElement {
  return html(
    'span',
    { class: 'chart-key' },
    svg('svg', { viewBox: '0 0 26 14', 'aria-hidden': 'true' }, shape),
    label,
  );
}

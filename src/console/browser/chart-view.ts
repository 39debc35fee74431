import type { ChartGraph } from '../chart/graph.js';
import { type ChartLine, layoutChart } from '../chart/layout.js';
import type { ChartTransition } from '../chart/transitions.js';
import { chartKey } from './chart-key.js';
import { textMeasure } from './chart-measure.js';
import { labelShape, lineShape, markShape, stateShape } from './chart-shapes.js';
import { dagreEngine } from './dagre-engine.js';
import { button, html, setAttribute, svg } from './dom.js';

const LIT_MS = 2200;
const MARGIN_PX = 12;
/** The scroller's own padding. */
const FRAME_PX = 6;
/** A chart is shrunk to fit its frame, but no further than it can be read. */
const SMALLEST = 0.4;
const LARGEST = 2;
const STEP = 1.2;

/** A statechart on screen: which states are active, what can happen next, and what just happened. */
export class ChartView {
  readonly element: HTMLElement;
  private readonly scroller = html('div', {
    class: 'chart-scroll',
    tabindex: 0,
    role: 'group',
    'aria-label': 'Statechart',
  });
  private readonly resized = new ResizeObserver(() => this.scale());
  private drawing: SVGSVGElement | undefined;
  private size = { width: 0, height: 0 };
  /** `undefined` while the chart fits itself to the page. */
  private chosenScale: number | undefined;
  private states = new Map<string, Element>();
  private transitions = new Map<string, { readonly source: string; readonly elements: Element[] }>();
  private lit = new Map<Element, number>();
  private isPlaced = false;

  constructor() {
    const zoom = (factor: number) => () => this.scale(this.currentScale() * factor);
    const tools = html(
      'div',
      { class: 'chart-tools', role: 'group', 'aria-label': 'Size of the chart' },
      button('−', zoom(1 / STEP), { 'aria-label': 'Smaller' }),
      button('Fit', () => {
        this.chosenScale = undefined;
        this.scale();
      }),
      button('+', zoom(STEP), { 'aria-label': 'Larger' }),
    );
    this.element = html(
      'div',
      { class: 'panel chart' },
      html('div', { class: 'chart-head' }, ...chartKey(), tools),
      this.scroller,
    );
    this.resized.observe(this.scroller);
  }

  draw(graph: ChartGraph): void {
    const layout = layoutChart(graph, textMeasure(), dagreEngine);
    this.size = { width: layout.width + 2 * MARGIN_PX, height: layout.height + 2 * MARGIN_PX };
    this.states = new Map();
    this.transitions = new Map(graph.transitions.map(({ id, source }) => [id, { source, elements: [] }]));
    this.lit = new Map();
    this.isPlaced = false;
    const belongs = (transition: string, element: Element): void => {
      this.transitions.get(transition)?.elements.push(element);
    };
    const boxes = layout.boxes.map((box) => {
      const isRegion = graph.states.get(box.state.parent ?? '')?.kind === 'parallel' && box.state.parent !== undefined;
      const shape = stateShape(box, isRegion, belongs);
      this.states.set(box.state.id, shape);
      return shape;
    });
    const byId = new Map(graph.transitions.map((transition) => [transition.id, transition]));
    const tooltip = (line: ChartLine): string => tooltipOf(line.transitions.flatMap((id) => byId.get(id) ?? []));
    this.drawing = svg(
      'svg',
      {
        class: 'chart-svg',
        viewBox: `${-MARGIN_PX} ${-MARGIN_PX} ${this.size.width} ${this.size.height}`,
        role: 'img',
        'aria-label': `Statechart with ${layout.boxes.length - 1} states`,
      },
      ...boxes,
      ...layout.lines.map((line) => lineShape(line, tooltip(line), belongs)),
      ...layout.marks.map(markShape),
      ...layout.lines.map((line) => labelShape(line, tooltip(line), belongs)),
    );
    this.scroller.replaceChildren(this.drawing);
    this.scale();
  }

  /** Instead of a chart. */
  say(text: string): void {
    this.drawing = undefined;
    if (this.scroller.textContent === text) return;
    this.scroller.replaceChildren(html('p', { class: 'muted chart-message' }, text));
  }

  /** Marks the active states, and the transitions that can be taken from them. */
  activate(active: ReadonlySet<string>): void {
    for (const [id, element] of this.states) element.classList.toggle('active', active.has(id));
    const open = new Set<Element>();
    for (const { source, elements } of this.transitions.values()) {
      if (active.has(source)) for (const element of elements) open.add(element);
    }
    for (const { elements } of this.transitions.values()) {
      for (const element of elements) element.classList.toggle('open', open.has(element));
    }
    if (!this.isPlaced) this.reveal();
  }

  /** Lights transitions for a moment. */
  light(transitions: readonly string[]): void {
    for (const id of transitions) {
      for (const element of this.transitions.get(id)?.elements ?? []) {
        clearTimeout(this.lit.get(element));
        element.classList.add('taken');
        const timer = setTimeout(() => element.classList.remove('taken'), LIT_MS);
        this.lit.set(element, timer);
      }
    }
  }

  close(): void {
    this.resized.disconnect();
    for (const timer of this.lit.values()) clearTimeout(timer);
  }

  /** Brings the innermost active state into sight, once. */
  private reveal(): void {
    const active = [...this.states.values()].filter((element) => element.classList.contains('active')).at(-1);
    if (active === undefined || this.drawing === undefined) return;
    this.isPlaced = true;
    const box = active.getBoundingClientRect();
    const frame = this.scroller.getBoundingClientRect();
    if (box.bottom > frame.bottom) this.scroller.scrollTop += box.bottom - frame.bottom + frame.height / 3;
    if (box.right > frame.right) this.scroller.scrollLeft += box.right - frame.right + frame.width / 3;
  }

  private currentScale(): number {
    if (this.chosenScale !== undefined) return this.chosenScale;
    const width = (this.scroller.clientWidth || this.size.width) - 2 * FRAME_PX;
    const height = Number.parseFloat(getComputedStyle(this.scroller).maxHeight) - 2 * FRAME_PX;
    return Math.min(1, Math.max(SMALLEST, Math.min(width / this.size.width, height / this.size.height || 1)));
  }

  private scale(chosen?: number): void {
    if (chosen !== undefined) this.chosenScale = Math.min(LARGEST, Math.max(SMALLEST / STEP, chosen));
    if (this.drawing === undefined) return;
    const scale = this.currentScale();
    setAttribute(this.drawing, 'width', Math.floor(this.size.width * scale));
    setAttribute(this.drawing, 'height', Math.floor(this.size.height * scale));
  }
}

function tooltipOf(transitions: readonly ChartTransition[]): string {
  return transitions
    .map(({ label, guard, actions, description }) => {
      const condition = guard === undefined ? '' : ` [${guard}]`;
      const effect = actions.length === 0 ? '' : ` / ${actions.join(', ')}`;
      return `${label}${condition}${effect}${description === undefined ? '' : `\n${description}`}`;
    })
    .join('\n');
}

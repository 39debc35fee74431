import { type ChartGraph, ROOT } from './graph.js';
import type { ChartTransition } from './transitions.js';

/**
 * Every state with children is laid out by itself, as a flat level of boxes. A transition between states of different
 * levels becomes a chain of segments, one a level, that meet in *ports* on the borders in between. So each level is a
 * graph that a plain layered layout draws well, and no line crosses a box that it has no business in.
 *
 * 1. A level holds the state's children and at most three marks: `initial`, `any` (where the transitions of the state
 *    itself into its inside start), and ports.
 * 2. Lines run down in document order. A transition to an earlier state is laid out the other way round and only
 *    drawn against the direction, so a level never has a cycle.
 * 3. A label stands on the segment at the transition's own source; the arrow on the segment that reaches the target.
 */

/** An end of a segment: a child of the level or a mark, and the port through which it is entered when deeper. */
export interface SegmentEnd {
  readonly item: string;
  readonly port?: string;
}

export interface Segment {
  readonly id: string;
  readonly from: SegmentEnd;
  readonly to: SegmentEnd;
  /** Laid out from `to` to `from` (2). */
  readonly isReversed: boolean;
  readonly hasArrow: boolean;
  /** All transitions that pass here. */
  readonly transitions: string[];
  /** Those whose label stands here. */
  readonly labelled: string[];
}

export interface Level {
  readonly state: string;
  readonly segments: Map<string, Segment>;
  readonly topPorts: Set<string>;
  readonly bottomPorts: Set<string>;
}

export const INITIAL = '•initial';
export const ANY = '•any';

export function upperEnd(segment: Segment): SegmentEnd {
  return segment.isReversed ? segment.to : segment.from;
}

export function lowerEnd(segment: Segment): SegmentEnd {
  return segment.isReversed ? segment.from : segment.to;
}

/** The levels of a chart by the id of their state. */
export function levels(graph: ChartGraph): ReadonlyMap<string, Level> {
  const router = new Router(graph);
  for (const { id, initial } of graph.states.values()) {
    if (initial !== undefined) router.drawInitial(id, initial);
  }
  for (const transition of graph.transitions) {
    for (const target of transition.targets) if (target !== transition.source) router.draw(transition, target);
  }
  return router.levels;
}

/** One transition on its way to one of its targets. */
interface Journey {
  readonly transition: string;
  readonly target: string;
  readonly isForward: boolean;
}

class Router {
  readonly levels = new Map<string, Level>();

  constructor(private readonly graph: ChartGraph) {
    for (const { id, children } of graph.states.values()) {
      if (children.length === 0) continue;
      this.levels.set(id, { state: id, segments: new Map(), topPorts: new Set(), bottomPorts: new Set() });
    }
  }

  drawInitial(state: string, initial: string): void {
    this.segment(state, { item: INITIAL }, { item: initial }, { isReversed: false, hasArrow: true });
  }

  draw({ id, source }: ChartTransition, target: string): void {
    const { graph } = this;
    const scope = commonAncestor(graph, source, target);
    const outward = pathBetween(graph, scope, source);
    const inward = pathBetween(graph, scope, target);
    const isForward = inward.length > 0 && (outward.length === 0 || orderOf(graph, outward) < orderOf(graph, inward));
    const journey = { transition: id, target, isForward };
    const from = outward.length === 0 ? { item: ANY } : this.reach(outward, 'out', journey);
    const to = inward.length === 0 ? this.restart(scope) : this.reach(inward, 'in', journey);
    const segment = this.segment(scope, from, to, { isReversed: !isForward, hasArrow: inward.length <= 1 });
    segment?.transitions.push(id);
    if (outward.length <= 1) segment?.labelled.push(id);
  }

  /** A transition to an enclosing state starts that state over, which its initial mark says. */
  private restart(scope: string): SegmentEnd {
    return { item: this.graph.states.get(scope)?.initial === undefined ? ANY : INITIAL };
  }

  /** Draws the segments between the last state of a path and the border of the first, which is the end returned. */
  private reach(path: readonly string[], way: 'in' | 'out', { transition, target, isForward }: Journey): SegmentEnd {
    const [outermost = ROOT, ...inner] = path;
    const port = `•${way} ${isForward ? 'down' : 'up'} ${target}`;
    const isTop = (way === 'in') === isForward;
    inner.forEach((item, depth) => {
      const owner = path[depth] ?? ROOT;
      const isLast = depth === inner.length - 1;
      const level = this.levels.get(owner);
      (isTop ? level?.topPorts : level?.bottomPorts)?.add(port);
      const end = isLast ? { item } : { item, port };
      const [from, to] = way === 'in' ? [{ item: port }, end] : [end, { item: port }];
      const segment = this.segment(owner, from, to, { isReversed: !isForward, hasArrow: way === 'in' && isLast });
      segment?.transitions.push(transition);
      if (way === 'out' && isLast) segment?.labelled.push(transition);
    });
    return inner.length === 0 ? { item: outermost } : { item: outermost, port };
  }

  private segment(
    owner: string,
    from: SegmentEnd,
    to: SegmentEnd,
    kind: Pick<Segment, 'isReversed' | 'hasArrow'>,
  ): Segment | undefined {
    const segments = this.levels.get(owner)?.segments;
    const id = JSON.stringify([from, to]);
    const segment = segments?.get(id) ?? { id, from, to, ...kind, transitions: [], labelled: [] };
    segments?.set(id, segment);
    return segments && segment;
  }
}

/** The states below `ancestor` on the way to `id`, outermost first, `id` last; empty when they are the same. */
function pathBetween(graph: ChartGraph, ancestor: string, id: string): readonly string[] {
  const path: string[] = [];
  for (let at: string | undefined = id; at !== undefined && at !== ancestor; at = graph.states.get(at)?.parent) {
    path.unshift(at);
  }
  return path;
}

/** The innermost state that holds both, or is one of them. */
function commonAncestor(graph: ChartGraph, one: string, other: string): string {
  const around = new Set([one, ...pathBetween(graph, ROOT, one), ROOT]);
  for (let at: string | undefined = other; at !== undefined; at = graph.states.get(at)?.parent) {
    if (around.has(at)) return at;
  }
  return ROOT;
}

/** The place of the outermost state of a path among its siblings. */
function orderOf(graph: ChartGraph, path: readonly string[]): number {
  const [outermost] = path;
  const state = outermost === undefined ? undefined : graph.states.get(outermost);
  const siblings = graph.states.get(state?.parent ?? ROOT)?.children ?? [];
  return outermost === undefined ? -1 : siblings.indexOf(outermost);
}

import type { OverviewView } from '../api-types.js';
import { lastingWords } from '../words.js';
import { button, html, setAttribute, setText } from './dom.js';
import type { FeedProblem, FeedState } from './hub-feed.js';
import { actorsHref } from './router.js';

interface Banner {
  readonly element: HTMLElement;
  show(text: string | undefined): void;
}

/** What an operator must know wherever in the console they are. */
export function banners(signIn: () => void): { readonly element: HTMLElement; update(state: FeedState): void } {
  // Counts seconds, which nobody wants read out.
  const age = html('span', { 'aria-hidden': 'true' });
  const lost = banner('bad', 'Connection lost', age);
  const token = banner('busy', 'Not signed in', button('Enter a token', signIn));
  const degraded = banner('bad', 'The store cannot write');
  const overloaded = banner('busy', 'Overloaded');
  const parked = banner('busy', 'Needs you', html('a', { href: actorsHref() }, 'Show'));
  const element = html(
    'div',
    { class: 'banners', role: 'status', 'aria-live': 'polite' },
    lost.element,
    token.element,
    degraded.element,
    overloaded.element,
    parked.element,
  );
  const update = ({ problem, overview }: FeedState): void => {
    const isRefused = problem?.status === 401 || problem?.status === 403;
    token.show(isRefused ? problem.message : undefined);
    lost.show(problem === undefined || isRefused ? undefined : lostText(problem, overview?.role ?? 'hub'));
    const isOld = problem !== undefined && overview !== undefined;
    setText(age, isOld ? `What you see is from ${lastingWords(problem.since, Date.now())} ago.` : '');
    const reason = overview?.storage.degraded ?? undefined;
    degraded.show(reason === undefined ? undefined : degradedText(reason));
    const load = overview?.overload.level ?? 'none';
    overloaded.show(load === 'none' ? undefined : overloadText(load));
    const count = overview?.actors.parked ?? 0;
    parked.show(count === 0 ? undefined : parkedText(count));
  };
  return { element, update };
}

function banner(tone: 'bad' | 'busy', title: string, ...more: Node[]): Banner {
  const text = html('span');
  const element = html('p', { class: `banner ${tone}`, hidden: true }, html('strong', {}, title), text, ...more);
  return {
    element,
    show(next) {
      setAttribute(element, 'hidden', next === undefined);
      setText(text, next ?? '');
    },
  };
}

function lostText(problem: FeedProblem, role: string): string {
  const why = problem.status === 0 ? `The connection to the ${role} is lost.` : problem.message;
  return `${why} Trying again every second.`;
}

function degradedText(reason: string): string {
  return `The reason: ${reason}. Records that must be stored stay unacknowledged, so vehicles keep them; nothing acknowledged is lost, except where the spool may drop its oldest. It goes on by itself once there is room.`;
}

function overloadText(level: Exclude<OverviewView['overload']['level'], 'none'>): string {
  return `There is more work than time, so ${SHED[level]} until it is less. Commands, updates and acknowledgements go on.`;
}

const SHED = {
  inspection: 'live charts stand still',
  metrics: 'live charts stand still and counts by type are left out',
  telemetry: 'live charts stand still, counts by type are left out and MQTT messages at QoS 0 are dropped',
};

function parkedText(count: number): string {
  return count === 1
    ? 'One actor failed again and again and was parked.'
    : `${count} actors failed again and again and were parked.`;
}

import type { OverviewView } from '../api-types.js';
import { durationWords } from '../words.js';
import { banners } from './banners.js';
import { html, setAttribute, setText, svg } from './dom.js';
import type { Route } from './router.js';
import type { View, ViewContext } from './view.js';

const LINKS: ReadonlyArray<readonly [Route['view'], string, string]> = [
  ['overview', '#/', 'Overview'],
  ['vehicles', '#/vehicles', 'Vehicles'],
  ['connections', '#/connections', 'Connections'],
  ['updates', '#/updates', 'Updates'],
  ['containers', '#/containers', 'Containers'],
  ['actors', '#/actors', 'Actors'],
  ['supervision', '#/supervision', 'Supervision'],
];

const TELEMETRY_ONLY: ReadonlySet<Route['view']> = new Set(['vehicles', 'connections']);
const VEHICLE_ONLY: ReadonlySet<Route['view']> = new Set(['updates', 'containers']);
/** Where one is, of the places that have a link. */
const BELOW: Readonly<Partial<Record<Route['view'], Route['view']>>> = {
  actor: 'actors',
  container: 'containers',
  vehicle: 'vehicles',
};

/** The frame around every view: where one is, whether the hub is heard, and what is wrong. */
export class Shell {
  private readonly main = html('main', { id: 'main' });
  private readonly role = html('span', { class: 'brand-role' });
  private readonly heard = html('span', { class: 'heard' });
  private readonly links = LINKS.map(([view, href, label]) => {
    // Until it is known what this is the console of.
    const hidden = VEHICLE_ONLY.has(view);
    return { view, element: html('a', { href, hidden }, label) };
  });
  private shown: View | undefined;

  constructor(context: ViewContext) {
    const { feed, api, notices } = context;
    const warnings = banners(() => void api.token.askAgain());
    const skip = html('a', { class: 'skip', href: '#main' }, 'Skip to the content');
    skip.addEventListener('click', (click) => {
      click.preventDefault();
      this.focusHeading();
    });
    const header = html(
      'header',
      { class: 'top' },
      html('a', { class: 'brand', href: '#/' }, logo(), html('span', {}, 'Fleetchart'), this.role),
      html('nav', { 'aria-label': 'Views' }, ...this.links.map(({ element }) => element)),
      this.heard,
    );
    document.body.append(skip, header, warnings.element, this.main, notices.element);
    feed.listen((state) => {
      warnings.update(state);
      setAttribute(this.main, 'class', state.problem === undefined ? undefined : 'stale');
      setText(this.heard, state.problem === undefined ? uptime(state.overview) : 'not connected');
      const tone = state.problem !== undefined ? 'bad' : state.overview === undefined ? 'quiet' : 'good';
      setAttribute(this.heard, 'class', `heard ${tone}`);
      const { overview } = state;
      if (overview === undefined) return;
      setText(this.role, overview.role);
      setAttribute(this.role, 'title', `version ${overview.version}`);
      for (const { view, element } of this.links) {
        if (TELEMETRY_ONLY.has(view)) setAttribute(element, 'hidden', overview.telemetry === undefined);
        if (VEHICLE_ONLY.has(view)) setAttribute(element, 'hidden', overview.role !== 'vehicle');
      }
    });
  }

  show(view: View, route: Route): void {
    const isFirst = this.shown === undefined;
    this.shown?.close();
    this.shown = view;
    this.main.replaceChildren(view.element);
    document.title = `${view.title} · Fleetchart`;
    for (const { view: name, element } of this.links) {
      const isHere = name === (BELOW[route.view] ?? route.view);
      setAttribute(element, 'aria-current', isHere ? 'page' : undefined);
    }
    if (isFirst) return;
    scrollTo(0, 0);
    this.focusHeading();
  }

  private focusHeading(): void {
    this.main.querySelector('h1')?.focus();
  }
}

function uptime(overview: OverviewView | undefined): string {
  return overview === undefined ? 'connecting' : `up ${durationWords(overview.uptimeS * 1000)}`;
}

function logo(): SVGElement {
  return svg(
    'svg',
    { class: 'logo', viewBox: '0 0 32 32', 'aria-hidden': 'true' },
    svg('rect', { class: 'logo-ground', width: 32, height: 32, rx: 8 }),
    svg('path', { class: 'logo-line', d: 'M10 10h7a5 5 0 0 1 5 5v1' }),
    svg('path', { class: 'logo-state', d: 'm22 19.5-3.2-4h6.4z' }),
    svg('rect', { class: 'logo-state', x: 5.5, y: 7, width: 7, height: 6, rx: 2 }),
    svg('rect', { class: 'logo-state', x: 17.5, y: 20, width: 9, height: 6, rx: 2 }),
  );
}

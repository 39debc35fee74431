import type { Api } from './api.js';
import type { HubFeed } from './hub-feed.js';
import type { Notices } from './notices.js';

/** What every view works with. */
export interface ViewContext {
  readonly api: Api;
  readonly feed: HubFeed;
  readonly notices: Notices;
}

/** A view in the page's main part; `close` ends its polls and sockets. */
export interface View {
  readonly title: string;
  readonly element: HTMLElement;
  close(): void;
}

import type { ActionView, DomainView } from './vehicle-types.js';
import type { Tone } from './words.js';

/** Download, update and activation are a third each of what is done about a component. */
const PHASES = 3;

/** How many phases are over, by status; one that is under way adds its percentage. */
const OVER: Readonly<Record<string, number>> = {
  DOWNLOAD_SUCCESS: 1,
  UPDATING: 1,
  INSTALLING: 1,
  UPDATE_FAILURE: 1,
  UPDATE_SUCCESS: 2,
  ACTIVATING: 2,
  ACTIVATION_FAILURE: 2,
  UPDATED: 3,
  ACTIVATION_SUCCESS: 3,
  REMOVAL_SUCCESS: 3,
  CLEANUP_SUCCESS: 3,
  COMPLETED: 3,
};

/** How far an action is, 0 to 1. */
export function actionShare({ status = '', progress = 0 }: Pick<ActionView, 'status' | 'progress'>): number {
  const within = /ING$/.test(status) ? Math.min(100, Math.max(0, progress)) / 100 : 0;
  return Math.min(1, ((OVER[status] ?? 0) + within) / PHASES);
}

/** How far a domain is, 0 to 1: its own status where it has reported no actions. */
export function domainShare({ status, actions }: DomainView): number {
  if (OVER[status] === PHASES || actions.length === 0) return actionShare({ status });
  return actions.reduce((sum, action) => sum + actionShare(action), 0) / actions.length;
}

/** How a status of an update, a domain or an action is coloured. */
export function statusTone(status: string): Tone {
  if (/FAIL|INCOMPLETE|REJECTED/.test(status)) return 'bad';
  if (/SUCCESS|COMPLETE|^UPDATED$/.test(status)) return 'good';
  if (/ING$|^ROLLBACK$|^CLEANUP$/.test(status)) return 'busy';
  return 'quiet';
}

/** How a bar is coloured: what is under way is not good yet, however well the last phase went. */
export function progressTone(status: string, share: number): Tone {
  const tone = statusTone(status);
  return tone === 'bad' ? 'bad' : share < 1 ? 'busy' : 'good';
}

/** `DOWNLOAD_SUCCESS` as a person reads it: `download success`. */
export function statusWords(status: string): string {
  return status.replaceAll('_', ' ').toLowerCase();
}

/** `containers:map` without the domain that it stands below. */
export function componentWords(id: string, domain: string): string {
  return id.startsWith(`${domain}:`) && id.length > domain.length + 1 ? id.slice(domain.length + 1) : id;
}

/** The chart of a domain's agent, if that runs in this process; a peer's has none here. */
export function agentOf(domain: string, agents: readonly string[]): string | undefined {
  const own = domain === 'self-update' ? 'self-update-agent/' : `container-update-agent/${domain}`;
  return agents.find((address) => address.startsWith(own));
}

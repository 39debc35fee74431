import type { Domain } from './domains.js';

/** What went wrong with a component, as its agent said it last. */
export interface Failure {
  /** `<domain>:<component>` */
  readonly component: string;
  readonly message: string;
}

/** Remembered of one activity, which may have thousands of components: enough to see what it was. */
const MOST = 5;
const LONGEST = 500;

/** The actions that failed, the first of them. */
export function failuresOf(domains: readonly Domain[]): Failure[] {
  return domains
    .flatMap(({ actions }) => actions)
    .filter(({ status = '' }) => status.includes('FAIL'))
    .slice(0, MOST)
    .map(({ component, status = '', message = '' }) => ({
      component: (component.id ?? '').slice(0, LONGEST),
      message: (message || status).slice(0, LONGEST),
    }));
}

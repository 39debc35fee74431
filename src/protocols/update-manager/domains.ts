/**
 * What an agent's feedback means for its domain (spec 5.3), and when a phase is over (5.4). Pure tables: which state of
 * the activity asks, the chart says.
 *
 * Invariants
 * - A domain's status changes only as {@link RULES} says; actions are merged whatever the status (UM-ORC-1, UM-ORC-3).
 * - A phase's result counts only while its command is out, so that no domain skips a command.
 */
import { type Action, type Command, type DesiredStateFeedback, mergeActions } from '../update-agent/index.js';

export type DomainStatus =
  | 'IDENTIFYING'
  | 'IDENTIFIED'
  | 'IDENTIFICATION_FAILED'
  | 'DOWNLOAD_SUCCESS'
  | 'DOWNLOAD_FAILURE'
  | 'UPDATE_SUCCESS'
  | 'UPDATE_FAILURE'
  | 'ACTIVATION_SUCCESS'
  | 'ACTIVATION_FAILURE'
  | 'ROLLBACK_SUCCESS'
  | 'ROLLBACK_FAILURE'
  | 'CLEANUP_SUCCESS'
  | 'CLEANUP_FAILURE';

/** One domain of an activity. */
export interface Domain {
  readonly id: string;
  readonly status: DomainStatus;
  /** The last report of each component. */
  readonly actions: readonly Action[];
}

/** What the activity waits for: the answers to a desired state or to a command, or none. */
export type Asked = 'IDENTIFY' | Command | 'NOTHING';

/** What one feedback comes to. */
export interface Effect {
  readonly domain: Domain;
  /** The activity will end INCOMPLETE. */
  readonly isFailure: boolean;
  /** The domain is to be cleaned up at once (UM-ORC-5). */
  readonly isCleaned: boolean;
  /** Something moved that the backend may see. */
  readonly isProgress: boolean;
  /** Actions that there was no room for. */
  readonly refused: number;
}

interface Rule {
  /** While what is asked the status counts; `anything` but identification, or `ever`. */
  readonly asked: Asked | 'anything' | 'ever';
  readonly from: (status: DomainStatus) => boolean;
  /** Absent: progress alone. */
  readonly to?: DomainStatus;
}

export const isSettled = (status: DomainStatus): boolean =>
  status === 'CLEANUP_SUCCESS' || status === 'CLEANUP_FAILURE';

/** Statuses of a domain that was told CLEANUP when its phase failed. */
const CLEANED: readonly DomainStatus[] = [
  'DOWNLOAD_FAILURE',
  'UPDATE_FAILURE',
  'ACTIVATION_FAILURE',
  'ROLLBACK_FAILURE',
];

/** Where each phase begins for a domain: what it waits for in {@link isGateOpen}, too. */
const PENDING: Readonly<Record<Command, readonly DomainStatus[]>> = {
  DOWNLOAD: ['IDENTIFIED'],
  UPDATE: ['DOWNLOAD_SUCCESS'],
  ACTIVATE: ['UPDATE_SUCCESS'],
  ROLLBACK: ['DOWNLOAD_SUCCESS', 'UPDATE_SUCCESS'],
  CLEANUP: ['ACTIVATION_SUCCESS', 'ROLLBACK_SUCCESS'],
};

const SUCCESS: Readonly<Record<Exclude<Command, 'CLEANUP'>, DomainStatus>> = {
  DOWNLOAD: 'DOWNLOAD_SUCCESS',
  UPDATE: 'UPDATE_SUCCESS',
  ACTIVATE: 'ACTIVATION_SUCCESS',
  ROLLBACK: 'ROLLBACK_SUCCESS',
};

const oneOf =
  (...statuses: readonly DomainStatus[]) =>
  (status: DomainStatus) =>
    statuses.includes(status);
const progress = (command: Command): Rule => ({ asked: 'anything', from: oneOf(...PENDING[command]) });
const result = (command: Command, to: DomainStatus): Rule => ({ asked: command, from: oneOf(...PENDING[command]), to });
const unidentified = (status: DomainStatus) => status !== 'IDENTIFIED' && status !== 'IDENTIFICATION_FAILED';
const unsettled = (status: DomainStatus) => !isSettled(status);
const inCleanup = oneOf(...PENDING.CLEANUP, ...CLEANED);
const given: Rule = { asked: 'ever', from: unsettled, to: 'CLEANUP_FAILURE' };

const RULES: Readonly<Record<string, Rule>> = {
  IDENTIFIED: { asked: 'IDENTIFY', from: unidentified, to: 'IDENTIFIED' },
  IDENTIFICATION_FAILED: { asked: 'IDENTIFY', from: unidentified, to: 'IDENTIFICATION_FAILED' },
  DOWNLOADING: progress('DOWNLOAD'),
  DOWNLOAD_SUCCESS: result('DOWNLOAD', 'DOWNLOAD_SUCCESS'),
  DOWNLOAD_FAILURE: result('DOWNLOAD', 'DOWNLOAD_FAILURE'),
  UPDATING: progress('UPDATE'),
  UPDATE_SUCCESS: result('UPDATE', 'UPDATE_SUCCESS'),
  UPDATE_FAILURE: result('UPDATE', 'UPDATE_FAILURE'),
  ACTIVATING: progress('ACTIVATE'),
  ACTIVATION_SUCCESS: result('ACTIVATE', 'ACTIVATION_SUCCESS'),
  ACTIVATION_FAILURE: result('ACTIVATE', 'ACTIVATION_FAILURE'),
  ROLLBACK: progress('ROLLBACK'),
  ROLLBACK_SUCCESS: result('ROLLBACK', 'ROLLBACK_SUCCESS'),
  ROLLBACK_FAILURE: result('ROLLBACK', 'ROLLBACK_FAILURE'),
  CLEANUP: { asked: 'ever', from: inCleanup },
  CLEANUP_SUCCESS: { asked: 'ever', from: inCleanup, to: 'CLEANUP_SUCCESS' },
  CLEANUP_FAILURE: { asked: 'ever', from: inCleanup, to: 'CLEANUP_FAILURE' },
  COMPLETED: { asked: 'ever', from: unsettled, to: 'CLEANUP_SUCCESS' },
  INCOMPLETE: given,
  INCOMPLETE_INCONSISTENT: given,
  SUPERSEDED: given,
};

/** What a feedback of a domain does, given what the activity asked for. */
export function takeFeedback(domain: Domain, feedback: DesiredStateFeedback, asked: Asked): Effect {
  const { actions, refused } = mergeActions(domain.actions, feedback.actions ?? []);
  const merged = { ...domain, actions };
  const nothing = { domain: merged, isFailure: false, isCleaned: false, isProgress: false, refused };
  const rule = ruleFor(feedback, domain.status, asked);
  if (!rule || !isAsked(rule.asked, asked) || !rule.from(domain.status)) return nothing;
  const { to } = rule;
  if (to === undefined) return { ...nothing, isProgress: true };
  const isCleaned = CLEANED.includes(to);
  return { ...nothing, domain: { ...merged, status: to }, isCleaned, isFailure: isCleaned || rule === given };
}

function ruleFor({ status = '', actions = [] }: DesiredStateFeedback, from: DomainStatus, asked: Asked) {
  if (status === 'IDENTIFIED' && actions.length === 0) return { ...RULES['IDENTIFIED'], to: 'CLEANUP_SUCCESS' } as Rule;
  // What the self-update agent says instead, after its clean-up.
  if (status === 'COMPLETE') return asked === 'CLEANUP' || CLEANED.includes(from) ? RULES['COMPLETED'] : undefined;
  return Object.hasOwn(RULES, status) ? RULES[status] : undefined;
}

function isAsked(rule: Rule['asked'], asked: Asked): boolean {
  return rule === 'ever' || rule === asked || (rule === 'anything' && asked !== 'IDENTIFY');
}

const has = (domains: readonly Domain[], ...statuses: readonly DomainStatus[]): boolean =>
  domains.some(({ status }) => statuses.includes(status));

/** Who gets a command. */
export const addresseesOf = (command: Command, domains: readonly Domain[]): string[] =>
  domains.filter(({ status }) => PENDING[command].includes(status)).map(({ id }) => id);

/** Everybody has left the phase, and somebody goes on from it (UM-ORC-7). */
export const isGateOpen = (command: keyof typeof SUCCESS, domains: readonly Domain[]): boolean =>
  !has(domains, ...PENDING[command]) && has(domains, SUCCESS[command]);

export const areSettled = (domains: readonly Domain[]): boolean => domains.every(({ status }) => isSettled(status));

/** What identification has come to; undefined while somebody has not answered. */
export function identificationOf(domains: readonly Domain[]): 'failed' | 'identified' | 'settled' | undefined {
  if (has(domains, 'IDENTIFYING')) return undefined;
  if (has(domains, 'IDENTIFICATION_FAILED')) return 'failed';
  return has(domains, 'IDENTIFIED') ? 'identified' : 'settled';
}

/** What abandoned domains are told so that they do not wait for ever (UM-ORC-16, UM-CNC-3). */
export const releasable = (domains: readonly Domain[]): string[] =>
  domains
    .filter(({ status }) => ['IDENTIFIED', 'DOWNLOAD_SUCCESS', 'UPDATE_SUCCESS'].includes(status))
    .map(({ id }) => id);

/** Domains that answer ROLLBACK by silence are taken at their silence (spec 11, `rollbackAck`). */
export const settleSilent = (domains: readonly Domain[], isSilent: (id: string) => boolean): Domain[] =>
  domains.map((domain) =>
    PENDING.ROLLBACK.includes(domain.status) && isSilent(domain.id) ? { ...domain, status: 'CLEANUP_SUCCESS' } : domain,
  );

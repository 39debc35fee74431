/**
 * The data of one update activity (spec 5.1), and what a step of its chart changes in it and says to whom.
 *
 * Invariants
 * - What is said is in the order of spec 5.2: RUNNING for a finished phase before that phase's follow-up commands, the
 *   terminal feedback after everything else.
 * - Every feedback carries the activity's own id and all actions recorded so far (UM-FB-5).
 */
import {
  type Action,
  type Command,
  type DesiredState,
  type DesiredStateFeedback,
  type PhaseCommand,
  renamedUpstream,
} from '../update-agent/index.js';
import { type Asked, addresseesOf, type Domain, releasable, settleSilent, takeFeedback } from './domains.js';
import { type OpenWindow, saysTheSame } from './feedback-window.js';
import {
  type Backend,
  commandFor,
  consentPublication,
  desiredStateFor,
  feedbackPublication,
  type Heading,
  type Publication,
} from './publication.js';
import { type Part, splitDesiredState } from './split.js';
import {
  denied,
  leftIncomplete,
  type NextCommand,
  notAnswered,
  notIdentified,
  terminated,
  timedOut,
} from './terminal.js';

export interface AgentSettings {
  /** A COMPLETED activity with actions of this domain asks for a reboot. */
  readonly rebootRequired: boolean;
  /** How long an answer to `currentstate/get` is waited for. */
  readonly readTimeoutMs: number;
  /** False: the agent answers ROLLBACK by silence. */
  readonly rollbackAck: boolean;
}

/** What the configuration says of activities. */
export interface ActivitySettings {
  readonly phaseTimeoutMs: number;
  /** 0 or less: RUNNING is never published (UM-FB-4). */
  readonly reportFeedbackIntervalMs: number;
  readonly ownerConsentCommands: readonly PhaseCommand[];
  readonly ownerConsentTimeoutMs: number;
  readonly rebootEnabled: boolean;
  readonly rebootAfterMs: number;
  readonly releaseAgents: boolean;
  readonly reportUnknownDomains: boolean;
  readonly agents: Readonly<Record<string, AgentSettings>>;
}

export type TerminalStatus = 'COMPLETED' | 'INCOMPLETE' | 'IDENTIFICATION_FAILED' | 'SUPERSEDED';

export interface Terminal {
  readonly status: TerminalStatus;
  readonly message: string | null;
}

export interface Activity {
  readonly activityId: string;
  readonly backend: Backend;
  readonly settings: ActivitySettings;
  readonly status: 'IDENTIFYING' | 'RUNNING' | TerminalStatus;
  /** In the order of the desired state. */
  readonly domains: readonly Domain[];
  /** What each agent is to be sent; gone before the turn is over that made it, so that no record holds it. */
  readonly parts: readonly Part[];
  /** Domains of the desired state that no agent is configured for, and those that it names twice. */
  readonly unknown: readonly string[];
  readonly repeated: readonly string[];
  /** Set when the activity can only end INCOMPLETE; with the reason of a denial. */
  readonly failure: { readonly reason: string | null } | null;
  readonly unidentified: ReadonlyArray<{ readonly domain: string; readonly message: string }>;
  /** Of the last question to the owner. */
  readonly correlationId: string;
  readonly window: OpenWindow | null;
  readonly terminal: Terminal | null;
}

/** Where an activity stands: what was asked of the agents last, and the command that would follow. */
export type Standing = { readonly asked: Asked; readonly next: NextCommand | null };

/** An activity before its desired state is known. */
export type ActivityRequest = Pick<Activity, 'activityId' | 'backend' | 'settings'>;

export const newActivity = ({ activityId, backend, settings }: ActivityRequest): Activity => ({
  activityId,
  backend,
  settings,
  status: 'IDENTIFYING',
  domains: [],
  parts: [],
  unknown: [],
  repeated: [],
  failure: null,
  unidentified: [],
  correlationId: '',
  window: null,
  terminal: null,
});

/** Whether the vehicle is to be rebooted: a domain that did something asks for it (UM-ORC-8, UM-RBT-1). */
export const needsReboot = ({ terminal, domains, settings }: Activity): boolean =>
  terminal?.status === 'COMPLETED' &&
  domains.some(({ id, actions }) => actions.length > 0 && settings.agents[id]?.rebootRequired === true);

export const allActions = (domains: readonly Domain[]): Action[] => domains.flatMap(({ actions }) => actions);

/** One step: takes what is known, is told what to do, and holds what is known then and what is to be published. */
export class ActivityStep {
  readonly publications: Publication[] = [];
  /** Whether the window of RUNNING feedback is to be timed anew, or no longer. */
  window: 'kept' | 'opened' | 'closed' = 'kept';
  /** Actions of a domain that there was no room for. */
  refused: { readonly domain: string; readonly actions: number } | null = null;

  constructor(
    public activity: Activity,
    private readonly timestamp: number,
  ) {}

  private get heading(): Heading {
    return { activityId: this.activity.activityId, timestamp: this.timestamp };
  }

  private change(changes: Partial<Activity>): void {
    this.activity = { ...this.activity, ...changes };
  }

  begin(desiredState: DesiredState): void {
    const split = splitDesiredState(desiredState, Object.keys(this.activity.settings.agents));
    const domains = split.parts.map(({ domain }): Domain => ({ id: domain, status: 'IDENTIFYING', actions: [] }));
    this.change({ ...split, domains });
  }

  /** Announces the activity and hands each agent its part. */
  identify(): void {
    this.feedback({ status: 'IDENTIFYING' });
    for (const { domain, state } of this.activity.parts) {
      this.publications.push(desiredStateFor(domain, this.heading, state));
    }
    this.change({ parts: [] });
  }

  identified(): void {
    const { unknown, settings } = this.activity;
    const isTold = settings.reportUnknownDomains && unknown.length > 0;
    const message = `domains without update agent: ${unknown.join(', ')}`;
    this.feedback({ status: 'IDENTIFIED', ...(isTold ? { message } : {}), actions: this.actions });
  }

  run(): void {
    this.identified();
    this.change({ status: 'RUNNING' });
    this.running();
  }

  /** Of a domain that takes no part nothing is taken (UM-ORC-2). */
  take(id: string, feedback: DesiredStateFeedback, asked: Asked): void {
    const domain = this.activity.domains.find((each) => each.id === id);
    if (!domain) return;
    const effect = takeFeedback(domain, feedback, asked);
    this.change({ domains: this.activity.domains.map((each) => (each === domain ? effect.domain : each)) });
    if (effect.refused > 0) this.refused = { domain: id, actions: effect.refused };
    if (effect.isFailure) this.change({ failure: this.activity.failure ?? { reason: null } });
    if (effect.domain.status === 'IDENTIFICATION_FAILED' && domain.status !== 'IDENTIFICATION_FAILED') {
      const failed = { domain: id, message: feedback.message ?? '' };
      this.change({ unidentified: [...this.activity.unidentified, failed] });
    }
    if (effect.isCleaned) this.tell('CLEANUP', [id]);
    if (effect.isProgress) this.running();
  }

  command(command: Command): void {
    this.tell(command, addresseesOf(command, this.activity.domains));
    if (command !== 'ROLLBACK') return;
    const isSilent = (id: string) => this.activity.settings.agents[id]?.rollbackAck === false;
    this.change({ domains: settleSilent(this.activity.domains, isSilent) });
  }

  ask(command: PhaseCommand, correlationId: string): void {
    this.change({ correlationId });
    this.publications.push(...consentPublication(this.activity.backend, this.heading, command, correlationId));
  }

  /** A denial of the download ends the activity; one of a later command has it rolled back (UM-OC-3, UM-OC-4). */
  deny(command: PhaseCommand, reason: string): void {
    if (command === 'DOWNLOAD') this.end({ status: 'INCOMPLETE', message: denied(reason) }, 'NOTHING');
    else this.change({ failure: { reason } });
  }

  denyBySilence(command: PhaseCommand): void {
    this.deny(command, notAnswered(this.activity.settings.ownerConsentTimeoutMs));
  }

  /** RUNNING, unless one was published a moment ago (UM-FB-2). */
  running(): void {
    const { window, settings } = this.activity;
    if (window) this.change({ window: { ...window, remembered: this.actions } });
    if (window || settings.reportFeedbackIntervalMs <= 0) return;
    this.feedback({ status: 'RUNNING', actions: this.actions });
    this.window = 'opened';
    this.change({ window: { published: this.actions, remembered: null } });
  }

  /** The window is over: what changed meanwhile is published, without opening another (UM-FB-3). */
  closeWindow(): void {
    const { window } = this.activity;
    this.change({ window: null });
    if (!window?.remembered || saysTheSame(window.published, window.remembered)) return;
    this.feedback({ status: 'RUNNING', actions: window.remembered });
  }

  /** After a restart of the process nobody knows what the backend saw last (UM-RES-4). */
  repeatRunning(): void {
    if (this.activity.status !== 'RUNNING') return;
    this.change({ window: null });
    this.running();
  }

  /** All domains have settled. */
  settle({ next }: Pick<Standing, 'next'>): void {
    const { failure } = this.activity;
    if (failure) this.end({ status: 'INCOMPLETE', message: leftIncomplete(next, failure.reason) }, 'CLEANUP');
    else this.end({ status: 'COMPLETED', message: null }, 'CLEANUP');
  }

  failIdentification(): void {
    const message = notIdentified(this.activity.unidentified);
    this.end({ status: 'IDENTIFICATION_FAILED', message }, 'IDENTIFY');
  }

  timeOut({ asked, next }: Standing): void {
    const status = asked === 'IDENTIFY' ? 'IDENTIFICATION_FAILED' : 'INCOMPLETE';
    this.end({ status, message: timedOut(next, this.activity.settings.phaseTimeoutMs) }, asked);
  }

  terminate({ asked, next }: Standing): void {
    this.end({ status: 'INCOMPLETE', message: terminated(next) }, asked);
  }

  /** The one terminal feedback; `asked` says who of the agents has had a last command already. */
  end(terminal: Terminal, asked: Asked): void {
    const isSuperseded = terminal.status === 'SUPERSEDED';
    if ((isSuperseded || this.activity.settings.releaseAgents) && asked !== 'ROLLBACK') {
      this.tell('ROLLBACK', releasable(this.activity.domains));
    }
    if (isSuperseded && asked !== 'CLEANUP') {
      const activated = this.activity.domains.filter(({ status }) => status === 'ACTIVATION_SUCCESS');
      this.tell(
        'CLEANUP',
        activated.map(({ id }) => id),
      );
    }
    this.change({ status: terminal.status, terminal, window: null });
    this.window = 'closed';
    const { status, message } = terminal;
    this.feedback({ status, ...(message === null ? {} : { message }), actions: this.actions });
  }

  private get actions(): Action[] {
    return allActions(this.activity.domains).map(renamedUpstream);
  }

  private feedback(feedback: DesiredStateFeedback): void {
    this.publications.push(...feedbackPublication(this.activity.backend, this.heading, feedback));
  }

  private tell(command: Command, domains: readonly string[]): void {
    for (const domain of domains) this.publications.push(commandFor(domain, this.heading, command));
  }
}

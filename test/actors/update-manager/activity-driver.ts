import assert from 'node:assert/strict';
import { createActor, type EventObject } from 'xstate';
import { activityMachine } from '../../../src/actors/update-manager/activity.machine.js';
import type { ActivityContext, ActivityEvent } from '../../../src/actors/update-manager/events.js';
import type { Backend, DomainStatus } from '../../../src/protocols/update-manager/index.js';
import { stateText } from '../../../src/runtime/cell/waits.js';
import { ManualClock } from '../../../src/runtime/clock.js';
import type { TakenTransitions } from '../../fakes/transitions.js';
import { SETTINGS } from '../../fakes/update-backend.js';

export const AGENTS = ['containers', 'self-update'] as const;
export const ID = 'the activity';

/** A command on its way to a domain, with how all domains stood when the step began, and when it was over. */
export interface Sent {
  readonly domain: string;
  readonly command: string;
  readonly before: Readonly<Record<string, DomainStatus>>;
  readonly after: Readonly<Record<string, DomainStatus>>;
}

export interface Said {
  readonly activityId: string;
  readonly status: string;
  readonly at: number;
  /** How many commands had been sent before. */
  readonly afterCommands: number;
}

/** The chart of an activity alone, with a broker that takes what it is given while it is there. */
export class ActivityDriver {
  readonly clock = new ManualClock(1_000_000);
  readonly sent: Sent[] = [];
  readonly said: Said[] = [];
  readonly outputs: EventObject[] = [];
  isOnline = true;
  private readonly actor;
  private held: Array<() => void> = [];
  /** How the domains stood when the last transition was over. */
  private settled: Sent['before'] = {};
  private pending: Array<{ readonly output: EventObject; readonly before: Sent['before'] }> = [];

  constructor(
    settings: Partial<typeof SETTINGS>,
    domains: readonly string[],
    backend: Backend,
    taken?: TakenTransitions,
  ) {
    this.actor = createActor(activityMachine, {
      clock: this.clock,
      ...(taken ? { inspect: taken.inspect } : {}),
      input: {
        address: 'update-activity/1',
        activityId: ID,
        settings: { ...SETTINGS, ...settings },
        backend,
      },
    });
    this.actor.on('*', (output) => void this.pending.push({ output, before: this.settled }));
    this.actor.subscribe({
      next: () => {
        this.settled = this.domains;
      },
      error: (error) => assert.fail(error as Error),
    });
    this.step(() => this.actor.start());
    this.send({ type: 'BEGIN', desiredState: { domains: domains.map((id) => ({ id })) } });
  }

  get state(): string {
    return stateText(this.actor.getSnapshot().value);
  }

  get isDone(): boolean {
    return this.actor.getSnapshot().status === 'done';
  }

  get context(): ActivityContext {
    return this.actor.getSnapshot().context;
  }

  get terminal(): Said[] {
    return this.said.filter(({ status }) => !['IDENTIFYING', 'IDENTIFIED', 'RUNNING'].includes(status));
  }

  commandsTo(domain: string): string[] {
    return this.sent.filter((each) => each.domain === domain).map(({ command }) => command);
  }

  send(event: ActivityEvent): void {
    this.step(() => this.actor.send(Object.assign({ stamp: { at: this.clock.now(), u: 0.5 } }, event)));
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
    this.step(() => {});
  }

  online(isOnline: boolean): void {
    this.isOnline = isOnline;
    if (!isOnline) return;
    const held = this.held;
    this.held = [];
    for (const release of held) release();
  }

  private get domains(): Record<string, DomainStatus> {
    return Object.fromEntries(this.context.activity.domains.map(({ id, status }) => [id, status]));
  }

  private step(take: () => void): void {
    take();
    const outputs = this.pending;
    this.pending = [];
    for (const { output, before } of outputs) this.note(output, before);
  }

  private note(output: EventObject, before: Sent['before']): void {
    this.outputs.push(output);
    const { type, event } = output as EventObject & { event?: ActivityEvent };
    if (type === 'then.tell' && event) {
      if (this.isOnline) this.send(event);
      else this.held.push(() => this.send(event));
    } else if (type === 'mqtt.publish') this.notePublication(output as never, before);
  }

  private notePublication({ topic, payload: text }: { topic: string; payload: string }, before: Sent['before']): void {
    const { activityId, payload } = JSON.parse(text) as { activityId: string; payload: Record<string, string> | null };
    const domain = AGENTS.find((name) => topic.startsWith(name.replace('-update', '')));
    const [command, status] = [payload?.['command'], payload?.['status']];
    if (domain !== undefined && command !== undefined) {
      this.sent.push({ domain, command, before, after: this.domains });
    } else if (status !== undefined) {
      this.said.push({ activityId, status, at: this.clock.now(), afterCommands: this.sent.length });
    }
  }
}

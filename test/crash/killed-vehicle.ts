import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { eventually } from '../fakes/runtime.js';
import { loadNext, takeProcess, type VehicleProcess } from './vehicle-processes.js';

const DEADLINE_MS = 180_000;
const MOST_STARTS = 8;

/** A state of a chart, as the runtime names it. */
export interface ChartState {
  readonly type: string;
  readonly state: string;
  /** Which of several actors of the type; empty if it is the only one. */
  readonly of: string;
}

/** Where a vehicle is to be killed. */
export interface KillAt extends ChartState {
  readonly isArmed: boolean;
}

/** What a vehicle's process is told once. */
export interface VehicleOrder {
  /** Of its configuration. */
  readonly file: string;
  readonly kill: KillAt | null;
}

export interface RestartOptions {
  readonly arms?: boolean;
  readonly between?: () => void;
}

/** A vehicle that is started again after it was killed, and after it ended itself to reboot. */
export class KilledVehicle {
  kills = 0;
  readonly states: ChartState[] = [];
  installs = 0;
  /** Of its API; undefined while it is not up. */
  http: string | undefined;
  readonly failed: Promise<never>;
  private fail: (error: Error) => void = () => {};
  private child: VehicleProcess | undefined;
  private exited: Promise<unknown> = Promise.resolve();
  private isOver = false;
  private starts = 0;
  /** How many states were seen before they counted. */
  private before = 0;
  private armsAtStart = false;
  private beforeStart: () => void = () => {};

  /** @param isArmed whether the state counts from the beginning, or from {@link arm} on */
  constructor(
    private readonly file: string,
    private readonly kill: ChartState | undefined,
    private isArmed = true,
  ) {
    this.failed = new Promise((_, reject) => {
      this.fail = reject;
    });
    this.failed.catch(() => {});
  }

  start(): void {
    if (this.armsAtStart) this.count();
    this.armsAtStart = false;
    this.beforeStart();
    this.beforeStart = () => {};
    const kill = this.kills === 0 && this.kill ? { ...this.kill, isArmed: this.isArmed } : null;
    const child = takeProcess({ file: this.file, kill });
    this.child = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.read(line));
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.http = undefined;
        resolve(undefined);
        if (this.isOver) return;
        if (signal === 'SIGKILL') this.kills++;
        if ((signal === 'SIGKILL' || code === 0) && ++this.starts < MOST_STARTS) this.start();
        else this.fail(new Error(`the vehicle ended with ${code ?? signal}`));
      });
    });
  }

  /** From now on the state counts: it has to be entered from here on, and its process knows that. */
  async arm(): Promise<void> {
    assert.ok(this.child && this.http !== undefined, 'there is a process');
    this.child.stdin.write('arm\n');
    await this.until(() => this.isArmed, 'it is armed');
  }

  /** An orderly stop, and the next start; `arms`: the state counts from there on. `between` happens while it is off. */
  async restart({ arms = false, between = () => {} }: RestartOptions = {}): Promise<void> {
    const { exited } = this;
    this.armsAtStart = arms;
    this.beforeStart = between;
    this.child?.kill('SIGTERM');
    await exited;
  }

  async isUp(): Promise<void> {
    await this.until(() => this.http !== undefined, 'it is up');
  }

  /** Waits, unless it cannot come any more. */
  async until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    await Promise.race([eventually(condition, `${what}: ${this.file}`, DEADLINE_MS), this.failed]);
  }

  /** The last state that an actor of the type was seen in. */
  last(type: string): string {
    return this.states.findLast((each) => each.type === type)?.state ?? '';
  }

  /** Since they count. */
  get statesThatCount(): readonly ChartState[] {
    return this.isArmed ? this.states.slice(this.before) : [];
  }

  /** Whether it is about to be killed. */
  get isDoomed(): boolean {
    const { kill, kills } = this;
    return kills === 0 && this.statesThatCount.some((state) => kill && isSame(state, kill));
  }

  async end(): Promise<void> {
    this.isOver = true;
    this.child?.kill('SIGKILL');
    await this.exited;
  }

  private count(): void {
    this.isArmed = true;
    this.before = this.states.length;
  }

  private read(line: string): void {
    const [what, type = '', state = '', of = ''] = line.split(' ');
    if (what === 'state') this.states.push({ type, state, of });
    if (what === 'filled') this.installs++;
    if (what === 'armed') this.count();
    if (what !== 'up') return;
    this.http = type;
    loadNext();
  }
}

const isSame = (one: ChartState, other: ChartState): boolean =>
  one.type === other.type && one.state === other.state && one.of === other.of;

import { errorRecord } from './errors.js';

export interface CheckResult {
  readonly ok: boolean;
  /** Why not, or what a person would like to know. */
  readonly detail?: string;
}

export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, CheckResult>>;
}

/**
 * Whether this process should be given work. That it lives at all is shown by its answering; it is ready when every
 * named check says so and it is not being stopped.
 */
export class Health {
  private readonly checks = new Map<string, () => CheckResult>();
  private stops = false;

  /** Adds a check, which must answer at once from what it knows; gives back how to remove it. */
  ready(name: string, check: () => CheckResult): () => void {
    this.checks.set(name, check);
    return () => {
      if (this.checks.get(name) === check) this.checks.delete(name);
    };
  }

  /** From now on not ready: load balancers look elsewhere while the process drains. */
  stopping(): void {
    this.stops = true;
  }

  get isStopping(): boolean {
    return this.stops;
  }

  readiness(): Readiness {
    const checks: Record<string, CheckResult> = {};
    for (const [name, check] of this.checks) checks[name] = run(check);
    if (this.stops) checks['process'] = { ok: false, detail: 'stopping' };
    return { ready: Object.values(checks).every(({ ok }) => ok), checks };
  }
}

/** A check that throws says that what it checks is not well. */
function run(check: () => CheckResult): CheckResult {
  try {
    return check();
  } catch (error) {
    return { ok: false, detail: errorRecord(error).message };
  }
}

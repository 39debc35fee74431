import type { EffectArguments } from '../../runtime/effect.js';
import type { DatedFailure } from '../../runtime/event-facts.js';
import { respool, type SpoolEntrance } from './dead-letters.js';
import { DispatchError } from './errors.js';
import type { CloseInput, DestinationInput } from './events.js';
import { Pump } from './pump.js';
import type { PumpCounts, PumpOptions } from './pump-run.js';
import type { RefusedRecord } from './spool.js';

export interface DestinationOptions extends Omit<PumpOptions, 'batch' | 'watermarks' | 'deliverTimeoutMs'> {
  /** Key of the actor's address. */
  readonly name: string;
  /** Bound of its part of the spool, bytes; 80 % of it is high, 50 % is low (MBX-4). */
  readonly boundBytes: number;
  /** @default 128 items, 1 MiB */
  readonly batch?: PumpOptions['batch'];
  /** @default 30000 */
  readonly deliverTimeoutMs?: number;
  /** For what it refused and an operator replays. @default that cannot be replayed */
  readonly entrance?: SpoolEntrance;
  /** Told whenever the destination cannot be reached or is lost, for logs and counters. */
  readonly onFailed?: (error: Error) => void;
}

const BATCH = { items: 128, bytes: 1_048_576 } as const;

/** What a dispatcher is at run time: its destination, its part of the spool, and the pump between them. */
export class Destination {
  readonly name: string;
  private readonly pump: Pump;
  private lastRefused: { readonly failure: DatedFailure; readonly delivered: number } | undefined;

  constructor(readonly options: DestinationOptions) {
    const { boundBytes, batch = BATCH, deliverTimeoutMs = 30_000 } = options;
    this.name = options.name;
    const watermarks = { highBytes: boundBytes * 0.8, lowBytes: boundBytes * 0.5 };
    const onRefused = (refused: RefusedRecord): void => {
      this.lastRefused = { failure: refusalOf(refused, options.clock.now()), delivered: this.counts.delivered };
      options.onRefused?.(refused);
    };
    this.pump = new Pump({ ...options, onRefused, batch, deliverTimeoutMs, watermarks });
  }

  get counts(): Readonly<PumpCounts> {
    return this.pump.counts;
  }

  /** The last record that it refused, since the start; null if none was. */
  get lastRefusal(): DatedFailure | null {
    return this.lastRefused?.failure ?? null;
  }

  /** Whether it has confirmed a record since it refused one. */
  get takesSinceRefusal(): boolean {
    return this.counts.delivered > (this.lastRefused?.delivered ?? -1);
  }

  connect(signal: AbortSignal): Promise<void> {
    return this.told(this.options.dispatcher.connect(signal), signal);
  }

  run({ signal, send }: Pick<EffectArguments<unknown>, 'signal' | 'send'>): Promise<never> {
    return this.told(this.pump.run(signal, send), signal);
  }

  drained(signal: AbortSignal): Promise<void> {
    return this.pump.drained(signal);
  }

  /** Takes a dead letter back; throws why not. */
  takeBack(letter: unknown): void {
    respool(this.name, letter, this.options.entrance);
  }

  close(deadlineMs: number): Promise<void> {
    return this.options.dispatcher.close(deadlineMs);
  }

  private async told<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (!signal.aborted) this.options.onFailed?.(error as Error);
      throw error;
    }
  }
}

/** A reason is a code and what it means, as `CODE: text`. */
function refusalOf({ reason }: RefusedRecord, at: number): DatedFailure {
  const [, code = null, message = reason] = /^([A-Z][A-Z0-9_]*): (.*)$/s.exec(reason) ?? [];
  return { code, message, at };
}

/** The effects of the chart, for destinations found by name. */
export function dispatchEffects(destinations: ReadonlyMap<string, Destination>) {
  const find = (name: string): Destination => {
    const destination = destinations.get(name);
    if (!destination) throw new DispatchError('DISPATCH_UNKNOWN', `there is no dispatcher ${name} any more`);
    return destination;
  };
  return {
    connect: async ({ input, signal }: EffectArguments<DestinationInput>) => find(input.name).connect(signal),
    pump: async (args: EffectArguments<DestinationInput>) => find(args.input.name).run(args),
    drained: async ({ input, signal }: EffectArguments<DestinationInput>) => find(input.name).drained(signal),
    close: async ({ input }: EffectArguments<CloseInput>) => find(input.name).close(input.deadlineMs),
  };
}

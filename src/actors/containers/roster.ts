import { type ActorSystem, typeOf } from '../../runtime/index.js';
import type { ContainerContext } from './chart-events.js';
import { type ContainerFacts, containerAddress } from './events.js';

export const CONTAINER = typeOf(containerAddress('x'));

/** The containers of this vehicle as they are stored; looking wakes none. */
export class ContainerRoster {
  constructor(
    private readonly system: Pick<ActorSystem, 'addresses' | 'peek'>,
    /** Then nobody knows how they are: shown as `Unknown`. */
    private readonly isEngineLost: () => boolean,
  ) {}

  /** With those that are only planned. */
  contexts(): readonly ContainerContext[] {
    return [...this.system.addresses(CONTAINER)].flatMap((address) => this.contextAt(address) ?? []);
  }

  all(): readonly ContainerFacts[] {
    return this.contexts().map((context) => this.facts(context));
  }

  present(): readonly ContainerFacts[] {
    return this.all()
      .filter(({ role, created }) => role === 'current' && created !== '')
      .sort((a, b) => (a.created < b.created ? -1 : a.created > b.created ? 1 : a.id < b.id ? -1 : 1));
  }

  context(id: string): ContainerContext | undefined {
    return this.contextAt(containerAddress(id));
  }

  find(id: string): ContainerFacts | undefined {
    const context = this.context(id);
    return context && this.facts(context);
  }

  private contextAt(address: string): ContainerContext | undefined {
    const chart = this.system.peek(address);
    return chart?.status === 'active' ? (chart.context as ContainerContext) : undefined;
  }

  private facts(context: ContainerContext): ContainerFacts {
    const { id, config, role, activity, created, restartCount, manuallyStopped, startedBefore } = context;
    const { restartAt, lastError } = context;
    const isUnknown = created !== '' && (context.isUnclear || this.isEngineLost());
    const state = isUnknown ? { ...context.state, status: 'Unknown' as const } : context.state;
    const runs = { restartCount, manuallyStopped, startedBefore, restartAt };
    return { id, config, role, activity, state, created, ...runs, lastError };
  }
}

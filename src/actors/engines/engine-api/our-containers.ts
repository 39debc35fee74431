import type { EngineContainer } from '../engine.js';
import { EngineError } from '../errors.js';
import { containerView, type Inspected } from './container-view.js';
import { LABEL, labelFilter, ourLabels } from './labels.js';
import type { EngineSocket } from './socket.js';

/** Inspections of a listing that are under way at once. */
const INSPECTED_AT_ONCE = 4;

interface Listed {
  readonly Id: string;
  readonly Names?: readonly string[] | null;
  readonly Labels?: Record<string, string> | null;
}

export const isNotFound = (error: unknown): boolean =>
  error instanceof EngineError && error.code === 'ENGINE_NOT_FOUND';

/**
 * The containers of an engine that are ours: those with the labels of an id and an owner (ENG-1). No other one is ever
 * touched, and none by its name.
 */
export class OurContainers {
  /** The engine's own ids, by ours: they never change. */
  private readonly engineIds = new Map<string, string>();

  constructor(private readonly socket: EngineSocket) {}

  know(id: string, engineId: string): void {
    this.engineIds.set(id, engineId);
  }

  forget(id: string): void {
    this.engineIds.delete(id);
  }

  /** Calls with the engine's id; one that is known and gone is looked for once more. Throws `ENGINE_NOT_FOUND`. */
  async call<T>(id: string, signal: AbortSignal, call: (engineId: string) => Promise<T>): Promise<T> {
    const known = this.engineIds.get(id);
    if (known !== undefined) {
      try {
        return await call(known);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        this.engineIds.delete(id);
      }
    }
    const rows = await this.rows(labelFilter(`${LABEL.id}=${id}`), signal);
    const row = rows.find(({ Labels }) => ourLabels(Labels)?.id === id);
    if (!row) throw notFound(id);
    this.engineIds.set(id, row.Id);
    return call(row.Id);
  }

  /** Throws `ENGINE_NOT_FOUND`. */
  find(id: string, signal: AbortSignal): Promise<EngineContainer> {
    return this.call(id, signal, async (engineId) => {
      const view = containerView(await this.inspection(engineId, signal));
      if (view?.id === id) return view;
      throw notFound(id);
    });
  }

  /** Of one owner, or of all; those that go meanwhile are left out. */
  async list(owner: string | undefined, signal: AbortSignal): Promise<readonly EngineContainer[]> {
    const rows = await this.rows(labelFilter(owner === undefined ? LABEL.owner : `${LABEL.owner}=${owner}`), signal);
    const waiting = rows.filter(({ Labels }) => {
      const ours = ourLabels(Labels);
      return ours !== undefined && (owner === undefined || ours.owner === owner);
    });
    const found: EngineContainer[] = [];
    const inspectNext = async (): Promise<void> => {
      for (let row = waiting.shift(); row; row = waiting.shift()) {
        const inspected = await this.inspection(row.Id, signal).catch((error: unknown) => {
          if (isNotFound(error)) return undefined;
          throw error;
        });
        const view = inspected && containerView(inspected);
        if (!view) continue;
        this.engineIds.set(view.id, row.Id);
        found.push(view);
      }
    };
    await Promise.all(Array.from({ length: INSPECTED_AT_ONCE }, inspectNext));
    return found;
  }

  /** Whoever has it: a name belongs to one container of an engine (POD-6). */
  async isNameTaken(name: string, signal: AbortSignal): Promise<boolean> {
    // Engines take a part of a name for it.
    const rows = await this.rows(JSON.stringify({ name: [name] }), signal);
    return rows.some(({ Names }) => Names?.some((each) => each.replace(/^\//, '') === name));
  }

  async inspection(engineId: string, signal: AbortSignal): Promise<Inspected> {
    return (await this.socket.json({ method: 'GET', path: `/containers/${engineId}/json` }, signal)) as Inspected;
  }

  private async rows(filters: string, signal: AbortSignal): Promise<readonly Listed[]> {
    const query = { all: true, filters };
    const rows = await this.socket.json({ method: 'GET', path: '/containers/json', query }, signal);
    return Array.isArray(rows) ? (rows as Listed[]) : [];
  }
}

const notFound = (id: string): EngineError => new EngineError('ENGINE_NOT_FOUND', `there is no container ${id}`);

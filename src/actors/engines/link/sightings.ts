import type { Address } from '../../../runtime/index.js';
import type { EngineContainer } from '../engine.js';
import type { Comparison, EngineListed, EngineSighting, Orphan } from './events.js';

/** Whose containers a link looks after. */
export interface EngineOwner {
  /** The label `fleetchart.owner`: containers of other owners are none of its business. */
  readonly owner: string;
  /** The actor of a container. */
  address(id: string): Address;
  /** Of the containers that have an actor, the ids. */
  known(): readonly string[];
  /** Takes one over that nobody knows, as two comparisons have found. */
  adopt?(container: EngineContainer): void;
  /** Whether a container has an actor: asked at each event of the engine. */
  knows(id: string): boolean;
  /** Told `ENGINE.LISTED` after each comparison. */
  readonly watchers?: readonly Address[];
}

/** Tells an actor; false if it has no room now. */
export type TellActor = (address: Address, event: EngineSighting | EngineListed) => boolean;

/** Orphans that are listed by name; all are counted. */
const MOST_LISTED = 100;
const MISSING = 'missing';
const GOING: readonly EngineContainer['status'][] = ['removing', 'dead'];

/** A comparison with what it found that no event had told, and whom it found for the first time. */
export interface Found extends Comparison {
  readonly corrections: number;
  readonly newOrphans: readonly Orphan[];
}

/**
 * What the actors of containers were told last, so that each hears only what is new to it; that a container is missing
 * is repeated with each listing. What could not be told is told with the next one. Nothing is kept of whom nobody knows
 * any more.
 */
export class Sightings {
  private readonly told = new Map<string, string>();
  private readonly orphans = new Set<string>();
  /** Since the last loss nothing was compared yet: all that differs is new. */
  private isFirst = true;

  constructor(
    private readonly owners: readonly EngineOwner[],
    private readonly tell: TellActor,
  ) {}

  /** After a loss each is told anew. */
  forget(): void {
    this.told.clear();
    this.isFirst = true;
  }

  /** Who is known at this moment; a container that comes after it must not be missed in a list that is older. */
  known(): ReadonlyMap<string, ReadonlySet<string>> {
    return new Map(this.owners.map((owner) => [owner.owner, new Set(owner.known())]));
  }

  /** A single container, as it is now. */
  one(ownerName: string, id: string, container: EngineContainer | undefined): void {
    const owner = this.owners.find((each) => each.owner === ownerName);
    if (!owner || (container && container.owner !== ownerName) || !owner.knows(id)) return;
    if (container) this.seen(owner, container);
    else this.missing(owner, id);
  }

  /** All of them, listed after `known` was asked for. */
  all(known: ReadonlyMap<string, ReadonlySet<string>>, containers: readonly EngineContainer[]): Found {
    let corrections = 0;
    const orphans: Orphan[] = [];
    const present = new Set<string>();
    for (const owner of this.owners) {
      const mine = containers.filter((container) => container.owner === owner.owner);
      const now = new Set(owner.known());
      for (const id of now) present.add(id);
      const listed = new Set(mine.map(({ id }) => id));
      for (const container of mine) {
        const { id, name } = container;
        if (!now.has(id)) {
          orphans.push({ id, owner: owner.owner, name });
          // The first time its actor may have gone a moment ago, and it along with that.
          if (this.orphans.has(id) && !GOING.includes(container.status)) owner.adopt?.(container);
        } else if (this.seen(owner, container)) corrections++;
      }
      for (const id of known.get(owner.owner) ?? []) {
        if (now.has(id) && !listed.has(id) && this.missing(owner, id)) corrections++;
      }
      for (const watcher of owner.watchers ?? []) this.tell(watcher, { type: 'ENGINE.LISTED', ids: [...listed] });
    }
    for (const id of this.told.keys()) if (!present.has(id)) this.told.delete(id);
    const newOrphans = orphans.filter(({ id }) => !this.orphans.has(id));
    this.orphans.clear();
    for (const { id } of orphans) this.orphans.add(id);
    const isFirst = this.isFirst;
    this.isFirst = false;
    return {
      containers: containers.length,
      orphans: orphans.slice(0, MOST_LISTED),
      corrections: isFirst ? 0 : corrections,
      newOrphans,
    };
  }

  /** Whether it was news. */
  private seen(owner: EngineOwner, container: EngineContainer): boolean {
    const text = JSON.stringify(container);
    if (this.told.get(container.id) === text) return false;
    if (this.tell(owner.address(container.id), { type: 'ENGINE.SEEN', container })) this.told.set(container.id, text);
    return true;
  }

  private missing(owner: EngineOwner, id: string): boolean {
    const isNews = this.told.get(id) !== MISSING;
    if (this.tell(owner.address(id), { type: 'ENGINE.MISSING' })) this.told.set(id, MISSING);
    return isNews;
  }
}

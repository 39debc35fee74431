/**
 * Live statecharts for whoever looks (INS-1…6), in the event protocol of the Stately inspector.
 *
 * Invariants
 * - IN-1 An actor has an observer only while somebody watches it; nothing is built for nobody.
 * - IN-2 Observers never throw into XState, which would wedge the actor (E12).
 * - IN-3 A viewer that does not read loses events, counted, and slows nobody; it is told before the next it gets.
 * - IN-4 Under overload nothing is built (MBX-5). Viewers are told, and get every actor as it is when that is over.
 */
import type { EventObject } from 'xstate';
import { type Address, typeOf } from '../address.js';
import type { Clock, TimerHandle } from '../clock.js';
import type { ChartSnapshot } from '../http/actor-view.js';
import type { Overload } from '../overload.js';
import { forViewers } from '../redaction.js';
import type { ActorSystem } from '../system.js';
import { chartDefinition } from './chart-definition.js';
import { Glob } from './glob.js';
import { type SendToViewer, Viewer } from './viewer.js';

/** Version of the protocol's events that these are shaped after. */
const PROTOCOL_VERSION = '0.7.2';
const COALESCE_MS = 100;
const MOST_ACTORS_PER_PATTERN = 200;
/** Actors with an observer, past which only those named by their address get one. */
const MOST_WATCHED = 1_000;

interface Watched {
  readonly stop: () => void;
  /** The event that came last, until the next flush. */
  event: EventObject | undefined;
  isDirty: boolean;
  /** Events that were not shown under overload. */
  shed: number;
}

export interface ViewerHandle {
  /** Watches an address, each event of it, or a glob (`dispatcher/*`), its states ten times a second. */
  watch(pattern: string): void;
  unwatch(pattern: string): void;
  close(): void;
}

export class Inspection {
  private readonly viewers = new Set<Viewer>();
  private readonly watched = new Map<Address, Watched>();
  private readonly definitions = new Map<string, string>();
  private timer: TimerHandle;
  private isArmed = false;
  /** Events lost to viewers that did not keep up. */
  dropped = 0;
  /** Events of watched actors that were not shown under overload. */
  shed = 0;
  private isShedding = false;

  constructor(
    private readonly system: ActorSystem,
    private readonly clock: Clock,
    overload?: Overload,
  ) {
    system.onLifecycle((address, change) => {
      if (this.viewers.size === 0) return;
      if (change === 'woke') this.attach(address, true);
      else this.leave(address);
    });
    overload?.onChange(() => this.setShedding(overload.sheds('inspection')));
  }

  /** Actors with an observer. */
  get observed(): number {
    return this.watched.size;
  }

  open(send: SendToViewer): ViewerHandle {
    const viewer = new Viewer(send);
    this.viewers.add(viewer);
    if (this.isShedding) viewer.tellLost(true, this.clock.now());
    return {
      watch: (pattern) => {
        if (viewer.add(pattern)) this.join(viewer, pattern);
      },
      unwatch: (pattern) => {
        viewer.remove(pattern);
        this.prune();
      },
      close: () => {
        this.viewers.delete(viewer);
        this.prune();
      },
    };
  }

  private join(viewer: Viewer, pattern: string): void {
    for (const address of this.matching(pattern)) {
      if (!this.isShedding) this.introduce(viewer, address);
      this.attach(address);
    }
  }

  private setShedding(isShedding: boolean): void {
    if (this.isShedding === isShedding) return;
    this.isShedding = isShedding;
    for (const [address, watched] of this.watched) this.settleShed(address, watched);
    for (const viewer of this.viewers) {
      viewer.tellLost(isShedding, this.clock.now());
      if (!isShedding) this.catchUp(viewer);
    }
  }

  /** Puts what was shed of an actor down to its viewers. */
  private settleShed(address: Address, watched: Watched): void {
    for (const viewer of this.viewers) if (viewer.watches(address)) viewer.lost += watched.shed;
    watched.shed = 0;
    watched.isDirty = false;
  }

  /** Shows a viewer everything it watches as it is now, what has gone meanwhile included. */
  private catchUp(viewer: Viewer): void {
    const before = [...viewer.introduced];
    viewer.introduced.clear();
    for (const pattern of viewer.patterns.keys()) this.join(viewer, pattern);
    for (const address of before) {
      if (!viewer.introduced.has(address))
        this.tell(viewer, this.snapshotOf(address, undefined, this.chartOf(address)));
    }
  }

  private matching(pattern: string): Address[] {
    if (!pattern.includes('*')) return [pattern];
    const expression = new Glob(pattern);
    const found: Address[] = [];
    for (const address of this.system.addresses(typeInGlob(pattern))) {
      if (expression.test(address)) found.push(address);
      if (found.length >= MOST_ACTORS_PER_PATTERN) break;
    }
    return found;
  }

  /** A late joiner first gets the actor as it is. */
  private introduce(viewer: Viewer, address: Address): void {
    const type = this.system.typeNamed(typeOf(address));
    if (!type || viewer.introduced.has(address)) return;
    viewer.introduced.add(address);
    const definition = this.definitions.get(type.name) ?? chartDefinition(type.machine);
    this.definitions.set(type.name, definition);
    this.tell(viewer, {
      ...this.envelope('@xstate.actor', address),
      name: address,
      definition,
      snapshot: shown(this.chartOf(address)),
      typeVersion: type.version,
    });
  }

  /** `isNew`: the actor has come into memory just now, and its viewers are to see how it begins. */
  private attach(address: Address, isNew = false): void {
    if (this.watched.has(address)) return;
    const viewers = [...this.viewers].filter((viewer) => viewer.watches(address));
    if (viewers.length === 0) return;
    if (this.watched.size >= MOST_WATCHED && !viewers.some((viewer) => viewer.opened(address))) return;
    const actor = this.system.cell(address)?.inspected();
    if (!actor) return;
    const subscription = actor.system.inspect((event) => {
      try {
        this.observe(address, event as never);
      } catch {
        this.dropped++;
      }
    });
    this.watched.set(address, { stop: () => subscription.unsubscribe(), event: undefined, isDirty: isNew, shed: 0 });
    if (isNew) this.arm();
  }

  /** The actor leaves memory: what it came to is shown first. */
  private leave(address: Address): void {
    const watched = this.watched.get(address);
    if (!watched) return;
    this.detach(address);
    if (this.isShedding) {
      this.settleShed(address, watched);
      return;
    }
    if (watched.isDirty) this.show(address, watched, this.system.peek(address));
    for (const viewer of this.viewers) viewer.introduced.delete(address);
  }

  private detach(address: Address): void {
    this.watched.get(address)?.stop();
    this.watched.delete(address);
  }

  private prune(): void {
    for (const address of this.watched.keys()) {
      if (![...this.viewers].some((viewer) => viewer.watches(address))) this.detach(address);
    }
  }

  private observe(address: Address, inspected: { type: string; event: EventObject; actorRef: { id: string } }): void {
    const watched = this.watched.get(address);
    if (!watched || inspected.actorRef.id !== address) return;
    if (this.isShedding) {
      if (inspected.type !== '@xstate.event') return;
      watched.shed++;
      this.shed++;
    } else if (inspected.type === '@xstate.event') {
      watched.event = inspected.event;
      for (const viewer of this.viewers) {
        if (viewer.opened(address)) {
          this.introduce(viewer, address);
          this.tell(viewer, { ...this.envelope('@xstate.event', address), event: forViewers(inspected.event) });
        }
      }
    } else if (inspected.type === '@xstate.snapshot') {
      watched.event = inspected.event;
      watched.isDirty = true;
      this.arm();
    }
  }

  private arm(): void {
    if (this.isArmed || this.isShedding) return;
    this.isArmed = true;
    this.timer = this.clock.setTimeout(() => this.flush(), COALESCE_MS);
  }

  private flush(): void {
    this.isArmed = false;
    this.clock.clearTimeout(this.timer);
    if (this.isShedding) return;
    for (const [address, watched] of this.watched) if (watched.isDirty) this.show(address, watched);
  }

  private show(address: Address, watched: Watched, chart = this.chartOf(address)): void {
    watched.isDirty = false;
    const message = this.snapshotOf(address, watched.event, chart);
    for (const viewer of this.viewers) {
      if (!viewer.watches(address)) continue;
      this.introduce(viewer, address);
      this.tell(viewer, message);
    }
  }

  private snapshotOf(address: Address, event: EventObject | undefined, chart: ChartSnapshot | undefined): object {
    return {
      ...this.envelope('@xstate.snapshot', address),
      event: forViewers(event ?? { type: 'xstate.init' }),
      snapshot: shown(chart),
    };
  }

  private chartOf(address: Address): ChartSnapshot | undefined {
    return this.system.cell(address)?.snapshot ?? this.system.peek(address);
  }

  private envelope(type: string, address: Address): object {
    const createdAt = String(this.clock.now());
    return { type, address, sessionId: address, rootId: address, id: null, createdAt, _version: PROTOCOL_VERSION };
  }

  private tell(viewer: Viewer, message: object): void {
    if (viewer.lost > viewer.toldLost) viewer.tellLost(this.isShedding, this.clock.now());
    if (viewer.send(JSON.stringify(message))) return;
    viewer.lost++;
    this.dropped++;
  }
}

function shown(chart: ChartSnapshot | undefined): object {
  if (!chart) return { status: 'stopped', value: null, context: {} };
  const { status, value, context, output } = chart;
  const ended = output === undefined ? {} : { output: forViewers(output) };
  return { status, value, context: forViewers(context), children: {}, ...ended };
}

/** The type that a glob like `dispatcher/*` is limited to. */
const typeInGlob = (pattern: string): string | undefined => {
  const type = pattern.slice(0, Math.max(0, pattern.indexOf('/')));
  return type === '' || type.includes('*') ? undefined : type;
};

/**
 * What a role publishes, on its way to the broker.
 *
 * Invariants
 * - LO-1 A publication is over when the broker has acknowledged it, however many connections that takes, or is refused.
 * - LO-2 A broker that is away, that keeps silent or that the network loses is no fault of a publication. Only a
 *   connection that the broker itself ended, soon after it was handed one, says anything about that one.
 * - LO-3 One that was under way at two such ends is offered alone from then on: on a connection that has lasted without it,
 *   each time twice as long. The fifth that the broker ends all the same shows that it is the cause: it is refused. Where
 *   the broker has acknowledged nothing else since it was held back, which may be all that it does at the moment, it takes
 *   eight times as many.
 * - LO-4 While one is offered alone nothing else is; while it waits for that, everything else goes on.
 */
import { type ActorSystem, addressOf, type Clock, type OutputContext } from '../../runtime/index.js';
import type { LinkConnection } from './connection.js';
import { LinkError } from './errors.js';
import { LINK_TYPE } from './events.js';
import type { LinkMetrics } from './link-metrics.js';
import type { PublishOutput } from './options.js';

/** MQTT 3.1.1, 1.5.3: two bytes tell the length of a topic. */
const LONGEST_TOPIC_BYTES = 65_535;
/** A broker that refuses a publication does so at once; one that is slow to stop may have ended for any reason. */
const SOON_MS = 10_000;
const MOST_ENDS_AMONG_OTHERS = 2;
const MOST_ENDS_ALONE = 5;
const MOST_ENDS = MOST_ENDS_AMONG_OTHERS + MOST_ENDS_ALONE;
/** Publications whose senders gave up for now, and come again. */
const MOST_REMEMBERED = 1_024;
/** How long a connection has to last without the publication before that is offered alone for the first time. */
const FIRST_HOLD_MS = 1_000;
/** What an end counts for while the broker takes nothing else either. */
const UNPROVEN = 1 / 8;

/** How an offer ended. */
type Outcome = 'acknowledged' | 'lost' | 'ended by the broker';

type Connection = Pick<LinkConnection, 'hasLasted' | 'isUp' | 'lost' | 'publish' | 'wasEndedByBroker'>;

export interface OutboundDeps {
  readonly link: string;
  readonly system: {
    readonly commit: Pick<ActorSystem['commit'], 'flushed'>;
    readonly deadLetters: Pick<ActorSystem['deadLetters'], 'add'>;
  };
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly metrics: Pick<LinkMetrics, 'published' | 'refused'>;
  /** A connection that is up; rejects when told to give up. */
  readonly online: (signal: AbortSignal) => Promise<Connection>;
  /** Resolves at the next {@link moved}, or when the link has a connection again; rejects when told to give up. */
  readonly change: (signal: AbortSignal) => Promise<void>;
  /** Told when there is a publication less under way or to wait for. */
  readonly moved: () => void;
}

export class Outbound {
  /** Publications that wait for the broker or its acknowledgement. */
  unpublished = 0;
  private underWay = 0;
  private acknowledged = 0;
  /** One is offered alone, or is the next as soon as nothing is under way. */
  private isReserved = false;
  /** Of publications that are not over: how many connections the broker ended (LO-3). */
  private readonly ends = new Map<string, number>();

  constructor(private readonly deps: OutboundDeps) {}

  async publish(output: PublishOutput, context: OutputContext): Promise<void> {
    const { link, system, metrics, moved } = this.deps;
    if (!isPublishable(output.topic)) {
      metrics.refused(link, 'unpublishable', output.topic);
      return;
    }
    this.unpublished++;
    try {
      // What was acknowledged before is off the disk, so that a crash repeats at most this one.
      await system.commit.flushed();
      if (await this.isAcknowledged(output, context)) return;
      const cause = new LinkError(
        'MQTT_GIVEN_UP',
        `the broker ended connection after connection on which the publication was offered alone: look in its log, for the size of messages that it takes, and whether this client may publish to the topic`,
      );
      // It is the link's, whose address says to which broker it goes when it is replayed.
      const letter: PublishOutput = { ...output, from: output.from ?? context.address };
      system.deadLetters.add(addressOf(LINK_TYPE, link), letter, cause, { attempts: MOST_ENDS, isWhole: true });
      metrics.refused(link, 'given_up', output.topic, cause.message);
    } finally {
      this.unpublished--;
      moved();
    }
  }

  /** False if the broker never will (LO-3). */
  private async isAcknowledged(output: PublishOutput, { address, id, signal }: OutputContext): Promise<boolean> {
    const key = `${address} ${id}`;
    let ends = this.ends.get(key) ?? 0;
    let { acknowledged } = this;
    while (ends < MOST_ENDS) {
      const alone = Math.floor(ends - MOST_ENDS_AMONG_OTHERS);
      if (alone < 0) acknowledged = this.acknowledged;
      const outcome = await (alone < 0
        ? this.offerAmongOthers(output, signal)
        : this.offerAlone(output, FIRST_HOLD_MS * 2 ** alone, signal));
      if (outcome === 'acknowledged') break;
      if (outcome !== 'ended by the broker') continue;
      ends += alone < 0 || this.acknowledged > acknowledged ? 1 : UNPROVEN;
      this.remember(key, ends);
    }
    this.ends.delete(key);
    return ends < MOST_ENDS;
  }

  private remember(key: string, ends: number): void {
    this.ends.set(key, ends);
    if (this.ends.size <= MOST_REMEMBERED) return;
    for (const oldest of this.ends.keys()) {
      this.ends.delete(oldest);
      return;
    }
  }

  private async offerAmongOthers(output: PublishOutput, signal: AbortSignal): Promise<Outcome> {
    for (;;) {
      const connection = await this.deps.online(signal);
      if (!this.isReserved) return this.offer(connection, output);
      await this.deps.change(signal);
    }
  }

  private async offerAlone(output: PublishOutput, holdMs: number, signal: AbortSignal): Promise<Outcome> {
    const { online, change, moved } = this.deps;
    for (;;) {
      const connection = await online(signal);
      if (!(await connection.hasLasted(holdMs, signal))) continue;
      if (this.isReserved) {
        await change(signal);
        continue;
      }
      this.isReserved = true;
      try {
        while (this.underWay > 0) await change(signal);
        if (connection.isUp) return await this.offer(connection, output);
      } finally {
        this.isReserved = false;
        moved();
      }
    }
  }

  private async offer(connection: Connection, output: PublishOutput): Promise<Outcome> {
    const { link, clock, metrics, moved } = this.deps;
    const begun = clock.monotonic();
    this.underWay++;
    try {
      await connection.publish(output);
      metrics.published(link);
      this.acknowledged++;
      return 'acknowledged';
    } catch (error) {
      if (connection.isUp) throw error;
      await connection.lost();
      const isSoon = clock.monotonic() - begun <= SOON_MS;
      return isSoon && connection.wasEndedByBroker ? 'ended by the broker' : 'lost';
    } finally {
      this.underWay--;
      moved();
    }
  }
}

/** Parts of a topic may be what somebody else chose. */
const isPublishable = (topic: string): boolean =>
  topic !== '' && !/[+#\0]/.test(topic) && Buffer.byteLength(topic) <= LONGEST_TOPIC_BYTES;

/**
 * What the broker sends, on its way into the inboxes of actors.
 *
 * Invariants
 * - LI-1 A message is read by a pure function, stored for its actors, and acknowledged after that is on disk (MBX-4).
 * - LI-2 What was stored already and is delivered again is acknowledged and dropped, after a restart too.
 * - LI-3 `up` is in the inbox before the first message of its connection, and once for each connection (SUA-3).
 * - LI-4 What waits to be taken is bounded; past it the connection ends, and the broker keeps the rest.
 */
import type { IPublishPacket } from 'mqtt';
import { filterTakes } from '../../protocols/mqtt/index.js';
import type { ActorSystem } from '../../runtime/index.js';
import { LinkError } from './errors.js';
import type { LinkMetrics } from './link-metrics.js';
import type { MqttLinkOptions, Tell } from './options.js';
import { ReceivedMessages } from './received.js';

const MIB = 1_048_576;

export class Inbound {
  private readonly received: ReceivedMessages;
  /** Actors whose waiting messages count. */
  private readonly receivers: Set<string>;
  private readonly bound: number;
  private isAnnounced = false;

  constructor(
    private readonly options: MqttLinkOptions,
    private readonly system: ActorSystem,
    private readonly metrics: LinkMetrics,
  ) {
    const { name, up = [], down = [], inboxBound = 1_000 } = options;
    this.received = new ReceivedMessages(system.commit, name);
    this.receivers = new Set([...up, ...down].map(({ to }) => to));
    this.bound = inboxBound;
  }

  /** Messages stored and not taken yet. */
  get depth(): number {
    let depth = 0;
    for (const address of this.receivers) {
      const queue = this.system.cell(address)?.queue;
      if (queue) depth += queue.mailbox.depth + queue.storedDepth;
    }
    return depth;
  }

  get isHalfEmpty(): boolean {
    return this.depth <= this.bound / 2;
  }

  /** A connection has begun. */
  accepted(sessionPresent: boolean): void {
    if (!sessionPresent) this.received.forget();
  }

  /** Says that the broker is there, unless that was said of this connection. */
  async announce(): Promise<void> {
    if (this.isAnnounced) return;
    this.isAnnounced = true;
    await this.store(this.options.up ?? []);
  }

  /** The connection has ended. */
  ended(): void {
    if (!this.isAnnounced) return;
    this.isAnnounced = false;
    // In vain only where nothing can be stored; then the next connection says more.
    this.store(this.options.down ?? []).catch(() => {});
  }

  /** Resolves when the message may be acknowledged. */
  async take(packet: IPublishPacket): Promise<void> {
    const { topic, retain, dup, messageId } = packet;
    const payload = Buffer.from(packet.payload);
    const mark = messageId === undefined ? undefined : { messageId, topic, payload };
    const announced = this.announce();
    if (mark && dup && this.received.has(mark)) {
      this.metrics.redelivered(this.options.name);
      await announced;
      // The connection may have ended before the first one was on disk.
      await this.system.commit.flushed();
      return;
    }
    const tells = this.read({ topic, payload, retain });
    if (tells.length > 0 && this.depth >= this.bound) {
      throw new LinkError('MQTT_INBOX_FULL', `${this.bound} messages wait to be taken`, { retryable: true });
    }
    if (this.system.commit.degraded) throw this.system.commit.degraded;
    const stored = this.store(tells);
    if (mark) this.received.add(mark);
    await Promise.all([announced, stored, this.system.commit.flushed()]);
  }

  private read(message: { topic: string; payload: Buffer; retain: boolean }): readonly Tell[] {
    const { name, subscriptions, maxPayloadBytes = MIB } = this.options;
    if (message.payload.length > maxPayloadBytes) {
      this.metrics.refused(name, 'too_large', message.topic);
      return [];
    }
    const subscription = subscriptions.find(({ filter }) => filterTakes(filter, message.topic));
    let tells: readonly Tell[];
    try {
      tells = subscription?.read(message) ?? [];
    } catch {
      // The broker would send it again and again.
      this.metrics.refused(name, 'unreadable', message.topic);
      return [];
    }
    if (tells.length === 0) this.metrics.refused(name, 'unwanted', message.topic);
    else this.metrics.received(name);
    return tells;
  }

  /** What is told without letting the loop turn is stored together. */
  private async store(tells: readonly Tell[]): Promise<void> {
    await Promise.all(
      tells.map(({ to, event }) => {
        this.receivers.add(to);
        return this.system.tellStored(to, event);
      }),
    );
  }
}

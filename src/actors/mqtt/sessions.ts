import { Readable } from 'node:stream';
import { type OfflineLimits, OfflineQueues, type OutgoingPacket, withOwnPayload } from './offline-queues.js';

interface SessionClient {
  readonly id: string;
}

interface Subscription {
  readonly topic: string;
  readonly qos: number;
}

interface StoredPacket extends OutgoingPacket {
  readonly topic: string;
  readonly payload: Uint8Array | string;
}

/** The part of aedes' store that is taken over here; the rest of it stays aedes' own, in memory. */
export interface SessionStore {
  storeRetained(packet: StoredPacket): Promise<void>;
  addSubscriptions(client: SessionClient, subscriptions: readonly Subscription[]): Promise<void>;
  cleanSubscriptions(client: SessionClient): Promise<void>;
  outgoingEnqueue(subscription: { readonly clientId: string }, packet: OutgoingPacket): Promise<void>;
  outgoingEnqueueCombi(subscriptions: readonly { readonly clientId: string }[], packet: OutgoingPacket): Promise<void>;
  outgoingUpdate(client: SessionClient, packet: OutgoingPacket): Promise<void>;
  outgoingClearMessageId(client: SessionClient, packet: OutgoingPacket): Promise<OutgoingPacket | undefined>;
  outgoingStream(client: SessionClient): Readable;
  incomingStorePacket(client: SessionClient, packet: StoredPacket): Promise<void>;
}

export interface SessionLimits extends OfflineLimits {
  /** Of all retained messages together, bytes; what goes past it is delivered but not retained, and counted. */
  readonly retainedBytes: number;
}

export interface BoundedSessions {
  readonly store: SessionStore;
  readonly queues: OfflineQueues;
  /** Messages that were not retained for want of room. */
  retainedRefused(): number;
}

const NO_PAYLOAD = Buffer.alloc(0);

/**
 * aedes' store with bounds on what it keeps. `maySubscribe` is asked again for each subscription of a persistent
 * session: aedes stores all those of a SUBSCRIBE, the refused ones too, and would queue messages for them.
 */
export function boundSessions(
  inner: SessionStore,
  limits: SessionLimits,
  maySubscribe: (client: SessionClient, filter: string) => boolean,
): BoundedSessions {
  const queues = new OfflineQueues(limits);
  const retained = new Map<string, number>();
  let retainedBytes = 0;
  let retainedRefused = 0;

  const overrides: SessionStore = {
    async storeRetained(packet) {
      const before = retained.get(packet.topic) ?? 0;
      const size = packet.payload.length === 0 ? 0 : packet.topic.length + packet.payload.length;
      if (size > before && retainedBytes - before + size > limits.retainedBytes) {
        retainedRefused++;
        return;
      }
      retainedBytes += size - before;
      if (size === 0) retained.delete(packet.topic);
      else retained.set(packet.topic, size);
      await inner.storeRetained(withOwnPayload(packet));
    },
    addSubscriptions: (client, subscriptions) =>
      inner.addSubscriptions(
        client,
        subscriptions.filter(({ topic }) => maySubscribe(client, topic)),
      ),
    cleanSubscriptions(client) {
      queues.discard(client.id);
      return inner.cleanSubscriptions(client);
    },
    async outgoingEnqueue({ clientId }, packet) {
      queues.enqueue([clientId], packet);
    },
    async outgoingEnqueueCombi(subscriptions, packet) {
      queues.enqueue(
        subscriptions.map(({ clientId }) => clientId),
        packet,
      );
    },
    async outgoingUpdate({ id }, packet) {
      if (!queues.update(id, packet)) throw new Error('no such packet');
    },
    outgoingClearMessageId: async ({ id }, { messageId }) => queues.acknowledge(id, messageId),
    outgoingStream: ({ id }) => Readable.from(queues.waiting(id)),
    // Between PUBLISH and PUBREL only the packet id matters.
    incomingStorePacket: (client, packet) => inner.incomingStorePacket(client, { ...packet, payload: NO_PAYLOAD }),
  };
  return {
    store: Object.assign(Object.create(inner) as SessionStore, overrides),
    queues,
    retainedRefused: () => retainedRefused,
  };
}

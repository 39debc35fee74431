/** What aedes hands to its store, as far as the store looks at it. */

export interface ClientRef {
  readonly id: string;
  readonly clean?: boolean;
}

export interface Subscription {
  readonly topic: string;
  readonly qos: number;
}

export interface Packet {
  readonly topic: string;
  readonly payload: Uint8Array | string;
  readonly qos: number;
  readonly retain?: boolean;
  brokerId?: string | undefined;
  brokerCounter?: number;
  messageId?: number | undefined;
  clientId?: string;
}

/** A message or a PUBREL on its way to a client. */
export type OutgoingPacket = Partial<Packet> & { readonly cmd: string; readonly dup?: boolean };

/** What the store asks of the broker. */
export interface BrokerRef {
  readonly id: string;
  /** Number of the last packet. */
  counter: number;
}

/** aedes' own store in memory, of which only the index of subscriptions is used. */
export interface SubscriptionIndex {
  addSubscriptions(client: ClientRef, subscriptions: readonly Subscription[]): Promise<unknown>;
  removeSubscriptions(client: ClientRef, topics: readonly string[]): Promise<unknown>;
  cleanSubscriptions(client: ClientRef): Promise<unknown>;
  subscriptionsByClient(client: ClientRef): Promise<Subscription[]>;
  subscriptionsByTopic(topic: string): Promise<Array<Subscription & { readonly clientId: string }>>;
  countOffline(): Promise<unknown>;
  getClientList(topic: string): unknown;
}

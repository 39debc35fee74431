import { Aedes, type AedesOptions, type Client, type PublishPacket } from 'aedes';
import type { BrokerPersistence } from './persistence/broker-persistence.js';

type Done = (error?: Error) => void;
/** The types leave out whom it comes from. */
type Publish = (this: Aedes, packet: PublishPacket, client: Client | null, done: Done) => void;

/** What a client has sent, as aedes parses it. */
interface ReceivedPacket extends PublishPacket {
  dup: boolean;
  brokerId?: string;
  brokerCounter?: number;
}

/**
 * aedes acknowledges a QoS 1 message before it does anything with it. Here it is published first, and acknowledged once
 * it is stored (MQT-4).
 */
export class StoringBroker extends Aedes {
  /** Number of the last packet; aedes' own, which its types leave out. */
  declare counter: number;
  /** aedes looks it up for each packet. */
  declare persistence: BrokerPersistence;
  /** Messages that are published already, and when that has ended. */
  private readonly publishing = new WeakMap<PublishPacket, Promise<Error | undefined>>();

  constructor(options: AedesOptions) {
    super(options);
    const { authorizePublish } = this;
    this.authorizePublish = (client, packet, done) => {
      // Wills have no command.
      const isReceived = client !== null && packet.cmd === 'publish';
      // What ended the connection is not published.
      if (isReceived && client.conn.destroyed) return;
      authorizePublish(client, packet, (error) => {
        const received = packet as ReceivedPacket;
        // Whether it is a repetition for the broker is nothing to its receivers (MQTT-3.3.1-3).
        received.dup = false;
        if (!error && isReceived && packet.qos === 1) this.publishFirst(client, received, done);
        else done(error);
      });
    };
  }

  /** aedes' second argument may be left out. */
  override publish(packet: PublishPacket, clientOrDone: Client | Done | null, then?: Done): void {
    const isShort = typeof clientOrDone === 'function';
    const done: Done = (isShort ? clientOrDone : then) ?? (() => {});
    const published = this.publishing.get(packet);
    if (published) void published.then(done);
    else this.publishNow(packet, isShort ? null : clientOrDone, done);
  }

  private publishNow(packet: PublishPacket, client: Client | null, done: Done): void {
    const publish: unknown = super.publish;
    (publish as Publish).call(this, packet, client, done);
  }

  /** `stored` lets aedes acknowledge the message, and then ask for its publication. */
  private publishFirst(client: Client, packet: ReceivedPacket, stored: (error: Error | null) => void): void {
    packet.brokerId = this.id;
    packet.brokerCounter = ++this.counter;
    const forget = this.persistence.whenStored(packet.brokerCounter, () => stored(null));
    const published = new Promise<Error | undefined>((resolve) => this.publishNow(packet, client, resolve));
    this.publishing.set(packet, published);
    void published.then((error) => {
      if (error && forget()) stored(error);
    });
  }
}

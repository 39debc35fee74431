import type { Aedes } from 'aedes';

interface Publication {
  readonly qos?: number;
  readonly retain?: boolean;
}

interface Publishing {
  publish(packet: Publication, client: object | null, done: (error?: Error) => void): void;
}

/**
 * Lets `isShed` decide about each publication that nobody is acknowledged (MBX-5): QoS 0 is what its sender can bear
 * to lose. Retained ones stay, as they tell a state, and so do wills, for which the client has closed, and what the
 * broker says itself.
 */
export function shedUnacked(aedes: Aedes, isShed: () => boolean): void {
  // A refusal in aedes' hooks ends the connection; what it does with a permitted publication is this.
  const broker = aedes as unknown as Publishing;
  const publish = broker.publish.bind(aedes);
  broker.publish = (packet, client, done) => {
    const isUnacked = packet.qos === 0 && packet.retain !== true && isOpen(client);
    if (isUnacked && isShed()) done();
    else publish(packet, client, done);
  };
}

const isOpen = (client: unknown): boolean => client !== null && (client as { closed?: boolean }).closed === false;

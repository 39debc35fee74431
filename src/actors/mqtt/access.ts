import { createHash, timingSafeEqual } from 'node:crypto';
import { isLoopback } from '../../runtime/http/http-auth.js';

/** Who a client is, and what follows from it (ARCHITECTURE, section 9). */
export interface MqttIdentity {
  readonly name: string;
  /** @default everything */
  readonly mayPublish?: (topic: string) => boolean;
  /** @default everything */
  readonly maySubscribe?: (filter: string) => boolean;
}

export interface MqttLogin {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
  readonly remoteAddress: string | undefined;
}

/** The identity of a client that may connect; undefined for one that may not. */
export type Authenticate = (login: MqttLogin) => MqttIdentity | undefined | Promise<MqttIdentity | undefined>;

/** Lets in who gives the password of one of these users. */
export function byPassword(users: readonly { readonly name: string; readonly password: string }[]): Authenticate {
  const known = users.map(({ name, password }) => ({ name, digest: digest(Buffer.from(password)) }));
  return ({ username, password }) => {
    const given = digest(password ?? new Uint8Array());
    // Looks at all users, so that the time tells nothing about names.
    const fits = known.filter(({ name, digest }) => timingSafeEqual(digest, given) && name === username);
    return fits.length > 0 && username !== undefined ? { name: username } : undefined;
  };
}

/** Lets in anybody from this machine. */
export const fromThisMachine: Authenticate = ({ clientId, remoteAddress }) =>
  isLoopback(remoteAddress ?? '') ? { name: clientId } : undefined;

/** Digests have one length, so that comparing them tells nothing about the password's. */
const digest = (password: Uint8Array): Buffer => createHash('sha256').update(password).digest();

/** Why nobody may subscribe to a filter, if so (MQT-2): aedes would grant shared subscriptions and never deliver. */
export function filterFault(filter: string): 'shared_subscription' | undefined {
  return filter === '$share' || filter.startsWith('$share/') ? 'shared_subscription' : undefined;
}

/** Why nobody may publish to a topic, if so (MQT-2): below $SYS/ the broker speaks of itself. */
export function topicFault(topic: string): 'system_topic' | undefined {
  return topic === '$SYS' || topic.startsWith('$SYS/') ? 'system_topic' : undefined;
}

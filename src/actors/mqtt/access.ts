import { createHash, timingSafeEqual } from 'node:crypto';
import { isLoopback } from '../../runtime/http/http-auth.js';

/** Where a client may go. */
export interface Permissions {
  readonly mayPublish: (topic: string) => boolean;
  readonly maySubscribe: (filter: string) => boolean;
}

/** Who a client is, and what follows from it. */
export interface MqttIdentity {
  readonly name: string;
  /**
   * Whoever has any is confined: its client ids count for itself alone, so that it takes over nobody's session.
   * @default everything
   */
  readonly permissions?: Permissions;
}

export interface MqttLogin {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
  /** Of a certificate that was verified. */
  readonly commonName: string | undefined;
  readonly remoteAddress: string | undefined;
}

/** The identity of a client that may connect; undefined for one that may not. */
export type Authenticate = (login: MqttLogin) => MqttIdentity | undefined | Promise<MqttIdentity | undefined>;

/** Lets in who gives the password of one of these users. */
export function byPassword(users: readonly (MqttIdentity & { readonly password: string })[]): Authenticate {
  const known = users.map(({ password, ...identity }) => ({ identity, digest: digest(Buffer.from(password)) }));
  return ({ username, password }) => {
    const given = digest(password ?? new Uint8Array());
    // Looks at all users, so that the time tells nothing about names.
    const fits = known.filter(({ identity, digest }) => timingSafeEqual(digest, given) && identity.name === username);
    return fits[0]?.identity;
  };
}

/** Lets in who shows a certificate and gives no user name, as what `identityOf` makes of its common name. */
export function byCertificate(
  identityOf: (commonName: string) => MqttIdentity | undefined,
  others: Authenticate,
): Authenticate {
  return (login) => {
    const { commonName, username } = login;
    return commonName === undefined || username !== undefined ? others(login) : identityOf(commonName);
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

import type { TLSSocket } from 'node:tls';
import type { AedesOptions, AedesPublishPacket, AuthenticateError, Client } from 'aedes';
import { type Authenticate, filterFault, type MqttIdentity, topicFault } from './access.js';
import { HeldFilters } from './held-filters.js';
import type { RefusalReason } from './options.js';

/** Names are kept with sessions and wills; MQTT asks for 23 (MQTT-3.1.3-5). */
const LONGEST_CLIENT_ID = 1_024;

/** CONNACK return codes of MQTT 3.1.1. */
const IDENTIFIER_REJECTED = 2;
const UNAVAILABLE = 3;
const NOT_AUTHORISED = 5;

export type Refuse = (reason: RefusalReason, client: Client | null, detail?: string) => void;

type Hooks = Required<
  Pick<AedesOptions, 'authenticate' | 'authorizePublish' | 'authorizeSubscribe' | 'authorizeForward'>
> & {
  mayPublish(client: object, topic: string): boolean;
  /** Whether a client may have messages of a filter; a topic is a filter, too. */
  maySubscribe(client: object, filter: string): boolean;
  /** Whether a client was let subscribe to a filter. */
  isSubscribed(client: object, filter: string): boolean;
  unsubscribed(client: object, filters: readonly string[]): void;
};

/** A refusal that is counted where it is made; what aedes says of it when it disconnects the client is not counted. */
export class Refused extends Error {}

/** Made once: a single packet may bring about hundreds of thousands. */
const FLOOD = new Refused('subscribes to more and more filters than there may be');

/** What aedes asks before it lets a client do something (MQT-2). */
export function accessHooks(authenticate: Authenticate, refuse: Refuse): Hooks {
  const identities = new WeakMap<object, MqttIdentity>();
  const maySubscribe = (client: object, filter: string): boolean =>
    filterFault(filter) === undefined && (identities.get(client)?.permissions?.maySubscribe(filter) ?? true);
  const mayPublish = (client: object, topic: string): boolean =>
    topicFault(topic) === undefined && (identities.get(client)?.permissions?.mayPublish(topic) ?? true);

  const held = new HeldFilters();

  return {
    mayPublish,
    maySubscribe,
    isSubscribed: (client, filter) => held.has(client, filter),
    unsubscribed: (client, filters) => held.release(client, filters),
    authenticate(client, username, password, done) {
      const login = {
        clientId: client.id,
        username,
        password,
        commonName: commonName(client),
        remoteAddress: remoteAddress(client),
      };
      const reject = (returnCode: number, detail: string): void => {
        refuse('login', client, detail);
        done(Object.assign(new Refused(detail), { returnCode }) as AuthenticateError, null);
      };
      if (client.id.length > LONGEST_CLIENT_ID) {
        reject(IDENTIFIER_REJECTED, `the client id is longer than ${LONGEST_CLIENT_ID} characters`);
        return;
      }
      Promise.resolve(login)
        .then(authenticate)
        .then(
          (identity) => {
            if (!identity) return reject(NOT_AUTHORISED, `${username ?? 'no user name'} is not authorised`);
            identities.set(client, identity);
            // A name has no slash, so that no two identities come to the same id.
            if (identity.permissions) (client as { id: string }).id = `${identity.name}/${client.id}`;
            done(null, true);
          },
          (error: Error) => reject(UNAVAILABLE, error.message),
        );
    },
    // MQTT 3.1.1 has no refusal of a publication but the end of the connection.
    authorizePublish(client, { topic }, done) {
      if (mayPublish(client ?? {}, topic)) return done(null);
      refuse(topicFault(topic) ?? 'not_permitted', client, topic);
      done(new Refused(`no publication to ${topic}`));
    },
    authorizeSubscribe(client, subscription, done) {
      const { topic } = subscription;
      if (!maySubscribe(client, topic)) {
        refuse(filterFault(topic) ?? 'not_permitted', client, topic);
        return done(null, null);
      }
      const room = held.take(client, topic);
      if (room === 'held') return done(null, subscription);
      if (room === 'flood') return done(FLOOD);
      refuse('subscription_limit', client);
      done(null, null);
    },
    // Who takes over a client id gets what is queued for it, as far as it may have it.
    authorizeForward: (client: Client, packet: AedesPublishPacket) =>
      maySubscribe(client, packet.topic) ? packet : null,
  };
}

export function remoteAddress(client: Client | null): string | undefined {
  return (client?.conn as { remoteAddress?: string } | undefined)?.remoteAddress;
}

/** The common name of the certificate that a client has shown, which was verified in the handshake; the last of several. */
function commonName(client: Client): string | undefined {
  const names = (client.conn as Partial<TLSSocket>).getPeerCertificate?.().subject?.CN as string | string[] | undefined;
  return typeof names === 'object' ? names.at(-1) : names;
}

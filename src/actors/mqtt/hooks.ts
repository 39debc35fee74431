import type { TLSSocket } from 'node:tls';
import type { AedesOptions, AedesPublishPacket, AuthenticateError, Client } from 'aedes';
import { type Authenticate, filterFault, type MqttIdentity, topicFault } from './access.js';
import type { RefusalReason } from './options.js';

/** CONNACK return codes of MQTT 3.1.1. */
const UNAVAILABLE = 3;
const NOT_AUTHORISED = 5;

export type Refuse = (reason: RefusalReason, client: Client | null, detail?: string) => void;

type Hooks = Required<
  Pick<AedesOptions, 'authenticate' | 'authorizePublish' | 'authorizeSubscribe' | 'authorizeForward'>
> & {
  mayPublish(client: object, topic: string): boolean;
  /** Whether a client may have messages of a filter; a topic is a filter, too. */
  maySubscribe(client: object, filter: string): boolean;
};

/** A refusal that is counted where it is made; what aedes says of it when it disconnects the client is not counted. */
export class Refused extends Error {}

/** What aedes asks before it lets a client do something (MQT-2). */
export function accessHooks(authenticate: Authenticate, refuse: Refuse): Hooks {
  const identities = new WeakMap<object, MqttIdentity>();
  const maySubscribe = (client: object, filter: string): boolean =>
    filterFault(filter) === undefined && (identities.get(client)?.permissions?.maySubscribe(filter) ?? true);
  const mayPublish = (client: object, topic: string): boolean =>
    topicFault(topic) === undefined && (identities.get(client)?.permissions?.mayPublish(topic) ?? true);

  return {
    mayPublish,
    maySubscribe,
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
      if (maySubscribe(client, topic)) return done(null, subscription);
      refuse(filterFault(topic) ?? 'not_permitted', client, topic);
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

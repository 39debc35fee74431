/**
 * The topics of a cloud connector (THG-3, THG-4, spec 9.2): what leaves the vehicle for the hub, and what comes from it.
 * Both sides are Hono-style; on the local one a vehicle may leave out its tenant and itself.
 */
import { HONO } from './hono.js';

/** Who a vehicle is in the cloud. */
export interface CloudIdentity {
  readonly tenantId: string;
  readonly namespace: string;
  readonly deviceId: string;
  readonly policyId?: string;
}

/** The device that containers are features of. */
const CONTAINERS = ':edge:containers';

/** What the connector listens to on the local broker for the hub. */
export const LOCAL_UPWARD = ['e/#', 'command//+/res/#'] as const;

/** The vehicle's own id: `<namespace>:<deviceId>`. */
export const cloudIdOf = ({ namespace, deviceId }: Pick<CloudIdentity, 'namespace' | 'deviceId'>): string =>
  `${namespace}:${deviceId}`;

/** What `edge/thing/response` says. */
export const thingAnswer = (identity: CloudIdentity): string =>
  JSON.stringify({
    deviceId: cloudIdOf(identity),
    tenantId: identity.tenantId,
    ...(identity.policyId === undefined ? {} : { policyId: identity.policyId }),
  });

/** What the connector listens to at the hub: commands of the vehicle, and of the device of its containers. */
export const hubFilters = (identity: CloudIdentity): readonly string[] =>
  ['', CONTAINERS].map((device) => `command//${cloudIdOf(identity)}${device}/req/#`);

const EVENT = /^e(?:\/([^/]*)\/([^/]+))?$/;
const RESPONSE = /^command\/\/([^/]*)\/res\/([^/]*\/[^/]+)$/;
const REQUEST = /^command\/\/([^/]+)\/req\/(.+)$/;

/** Whether a thing is the vehicle or one of its own devices. */
const isOwn = (identity: CloudIdentity, thing: string): boolean =>
  thing === cloudIdOf(identity) || thing.startsWith(`${cloudIdOf(identity)}:`);

/** The hub's topic for a local one, in full; `undefined` for what is not the vehicle's to say. */
export function upward(identity: CloudIdentity, topic: string): string | undefined {
  const own = cloudIdOf(identity);
  const [isEvent, tenant = '', eventThing = own] = EVENT.exec(topic) ?? [];
  if (isEvent !== undefined) {
    const isOurs = (tenant === '' || tenant === identity.tenantId) && isOwn(identity, eventThing);
    return isOurs ? `${HONO.event}/${identity.tenantId}/${eventThing}` : undefined;
  }
  const [, thing, rest] = RESPONSE.exec(topic) ?? [];
  const answers = thing || own;
  return rest !== undefined && isOwn(identity, answers) ? `command//${answers}/res/${rest}` : undefined;
}

/** The local topic for one of the hub's: the vehicle's own commands are those of nobody else there (spec 9.2). */
export function downward(identity: CloudIdentity, topic: string): string | undefined {
  const [, thing = '', rest] = REQUEST.exec(topic) ?? [];
  if (rest === undefined || !isOwn(identity, thing)) return undefined;
  return thing === cloudIdOf(identity) ? `command///req/${rest}` : topic;
}

/** Whether a vehicle may say this at the hub: its own events, and answers to its own commands. */
export const isOwnAtHub = (identity: CloudIdentity, topic: string): boolean => upward(identity, topic) === topic;

/** Whether a vehicle may hear this from the hub, a topic or a filter: its own commands. */
export const isHeardFromHub = (identity: CloudIdentity, filter: string): boolean =>
  downward(identity, filter) !== undefined;

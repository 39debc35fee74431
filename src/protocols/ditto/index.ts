/** Ditto protocol messages over a Hono-style local broker, and those of the update manager's feature. */

export {
  type CloudIdentity,
  cloudIdOf,
  downward,
  hubFilters,
  isHeardFromHub,
  isOwnAtHub,
  LOCAL_UPWARD,
  thingAnswer,
  upward,
} from './connector.js';
export { correlationIdOf } from './correlation-id.js';
export {
  type DittoEnvelope,
  type DittoMembers,
  type DittoMessage,
  encodeDitto,
  parseThingId,
  readDitto,
  readDittoMembers,
  sameThing,
  type ThingId,
} from './envelope.js';
export { HONO, requestIdOf, responseTopic } from './hono.js';
export { readThingConfig, type ThingConfig } from './thing-config.js';
export {
  consentMessage,
  feedbackMessage,
  type InboxMessage,
  propertiesMessage,
  type Question,
  readInbox,
  registration,
  replyMessage,
} from './update-manager-feature.js';

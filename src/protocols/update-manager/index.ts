/** What an update manager decides and says (spec 5 and 9), without the charts that ask it. */

export {
  type Activity,
  type ActivityRequest,
  type ActivitySettings,
  ActivityStep,
  type AgentSettings,
  needsReboot,
  newActivity,
  type Standing,
  type Terminal,
  type TerminalStatus,
} from './activity.js';
export { type AggregateOptions, aggregateInventory } from './aggregate.js';
export {
  type Asked,
  areSettled,
  type Domain,
  type DomainStatus,
  type Effect,
  identificationOf,
  isGateOpen,
} from './domains.js';
export { type Failure, failuresOf } from './failures.js';
export type { OpenWindow } from './feedback-window.js';
export {
  type Asker,
  type Backend,
  currentStateGetFor,
  currentStatePublication,
  feedbackPublication,
  type Heading,
  type Publication,
  registrationPublication,
  replyPublication,
  thingRequest,
} from './publication.js';
export { type Part, type Split, splitDesiredState } from './split.js';
export {
  inProgress,
  type NextCommand,
  NO_CONSENT_CLIENT,
  NOT_APPROVED,
  NOT_READABLE,
  NOTHING_SUPPORTED,
} from './terminal.js';

/** The messages of Leda's self-update agent: domain `self-update`, component `os-image`. */

export type { EnvelopeError, EnvelopeResult } from './envelope.js';
export { type Carried, carried, downloadFailure, type Feedback, feedback, WRONG_BUNDLE } from './feedback.js';
export {
  AGENT_COMMANDS,
  type AgentCommand,
  type BundlePins,
  type Command,
  type DesiredState,
  type FaultyMessage,
  readCommand,
  readDesiredState,
  readGet,
} from './inbound.js';
export {
  type Correlation,
  currentStateMessage,
  DEFAULT_IMAGE_NAME,
  encodeCurrentState,
  encodeFeedback,
  feedbackMessage,
  type Inventory,
  type OutboundMessage,
} from './outbound.js';
export { type AgentTopics, agentTopics, DEFAULT_PREFIX } from './topics.js';

/** The messages between a backend, an update manager and its update agents, as Eclipse Kanto and Leda speak them. */

export {
  type Command,
  type DesiredStateCommand,
  PHASE_COMMANDS,
  type PhaseCommand,
  readCommand,
} from './command.js';
export { compact, omitEmpty } from './compact.js';
export {
  type Baseline,
  type DesiredComponent,
  type DesiredDomain,
  type DesiredState,
  type KeyValue,
  readDesiredState,
} from './desired-state.js';
export { decodeEnvelope, type Envelope, encodeEnvelope, envelopeOf } from './envelope.js';
export { type Action, type DesiredStateFeedback, mergeActions, readFeedback, renamedUpstream } from './feedback.js';
export { parseGoBoolean } from './go-boolean.js';
export { formatGoDuration, parseGoDuration } from './go-duration.js';
export {
  flag,
  int64,
  integer,
  listOf,
  type Member,
  Mismatch,
  memberOf,
  objectOf,
  parseJson,
  type Read,
  type Refusal,
  type Result,
  readAs,
  text,
} from './go-json.js';
export {
  mistaken,
  NOT_SHOWN,
  notDuration,
  notUrl,
  parseCount,
  SETTING_KINDS,
  type SettingKind,
  type SettingsFinding,
  type SettingsResult,
  settingAt,
  splitList,
  unknownKey,
} from './go-settings.js';
export {
  type Association,
  type HardwareNode,
  type Inventory,
  readInventory,
  type SoftwareNode,
} from './inventory.js';
export { isApproval, type OwnerConsentFeedback, readConsentFeedback } from './owner-consent.js';
export { INITIAL_STATE_ID, prefixCollision, topicPrefix, updateTopics } from './topics.js';

/** What the update agent for containers decides and says (CUA §A.1 to §A.5), without the chart that asks it. */

export { cleanupSteps, endCleanup } from './cleanup.js';
export {
  begin,
  isUntouched,
  judge,
  nextByItself,
  refusal,
  type UpdateCommand,
  type Verdict,
} from './commands.js';
export {
  currentStatePublication,
  type Feedback,
  feedbackPublication,
  type Heading,
  type Publication,
  WAITING_FOR_COMMANDS,
} from './feedback.js';
export {
  type ActionKind,
  type ActionStatus,
  COMMANDS,
  type CommandName,
  type Group,
  type GroupStatus,
  type IdentifiedAction,
  newOperation,
  type Operation,
  type OperationRequest,
  type Run,
  type Terms,
  type UpdateAction,
} from './operation.js';
export {
  create,
  giveBack,
  limit,
  noLongerExists,
  type Order,
  remove,
  run,
  type Step,
  type StepFailure,
  start,
  stop,
  takeOver,
} from './orders.js';
export {
  beginNext,
  endPhase,
  failPhase,
  nextOf,
  noteProgress,
  noteRunning,
  noteSuccess,
  type Progress,
  type Said,
  sayRunning,
  says,
  stepOf,
  stoppedBy,
} from './phases.js';
export {
  beginUndone,
  endRollback,
  nextUndone,
  noteUndone,
  sayUndoing,
  undoneStepOf,
} from './rollback.js';

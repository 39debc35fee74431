/** What the agent publishes, by the names of the chart's actions. Pure: the chart emits what comes back. */
import {
  currentStateMessage,
  encodeCurrentState,
  encodeFeedback,
  type Feedback,
  feedback,
  feedbackMessage,
  type OutboundMessage,
  WRONG_BUNDLE,
} from '../../protocols/self-update/index.js';
import { errorOf, idOf, reasonOf, type Turn } from './activity-events.js';

/** Makes messages with a timestamp that is the same for all of one action (SUA-6). */
export type Report = (turn: Turn, timestamp: number) => readonly OutboundMessage[];

/** Feedback on the running activity. */
const about =
  (...makers: ReadonlyArray<(turn: Turn) => Feedback | null>): Report =>
  (turn, timestamp) => {
    const { activityId, desired, settings } = turn.context;
    const correlation = { activityId: activityId ?? undefined, timestamp, version: desired?.version };
    return makers.flatMap((make) => {
      const made = make(turn);
      return made ? [feedbackMessage(settings.prefix, encodeFeedback(made, correlation))] : [];
    });
  };

const currentState =
  (activityIdOf: (turn: Turn) => string | null | undefined): Report =>
  (turn, timestamp) => {
    const { bootedVersion, settings } = turn.context;
    const { prefix, build, imageName } = settings;
    const inventory = { build, imageName, imageVersion: bootedVersion ?? '' };
    const activityId = activityIdOf(turn) ?? undefined;
    return [currentStateMessage(prefix, encodeCurrentState(inventory, { activityId, timestamp }))];
  };

export const reports = {
  publishCurrentState: currentState(({ context }) => context.activityId),
  /** With the id of the request (D-4). */
  answerGet: currentState(({ event }) => idOf(event)),
  /** About a faulty message, whatever activity is running (SUA-15). */
  refuse: ({ context, event }, timestamp) =>
    [feedback.identifying(), feedback.identificationFailed(reasonOf(event))].map((refusal) =>
      feedbackMessage(context.settings.prefix, encodeFeedback(refusal, { activityId: idOf(event), timestamp })),
    ),
  publishIdentifying: about(feedback.identifying),
  publishIdentified: about(feedback.identified),
  publishIdentificationFailed: about(({ context }) => feedback.identificationFailed(context.carried.message)),
  publishSkipped: about(({ context }) => (context.settings.umCompat ? feedback.nothingToDo() : null), feedback.skipped),
  publishDownloading: about(({ context: { download } }) => feedback.downloading(download.percent, download.total)),
  publishDownloaded: about(({ context }) => feedback.downloaded(context.download.total)),
  publishDownloadFailed: about(({ context, event }) =>
    feedback.downloadFailed(context.download.percent, errorOf(event) || WRONG_BUNDLE),
  ),
  publishVersionChecking: about(feedback.versionChecking),
  publishRejected: about(feedback.rejected),
  publishInstalling: about(({ context }) => feedback.installing(context.install.percent)),
  publishInstalled: about(feedback.installed),
  /** The reference's (D-1). */
  publishEmpty: ({ context: { settings } }) => (settings.strictReference ? [feedbackMessage(settings.prefix, '')] : []),
  publishInstallFailed: about(({ context }) =>
    feedback.installFailed(context.install.percent, context.carried.message),
  ),
  publishInstallFailedFallback: about(({ event }) => feedback.installFailedFallback(errorOf(event))),
  publishActivating: about(feedback.activating),
  publishActivated: about(feedback.activated),
  publishActivationFailed: about(feedback.activationFailed),
  publishCleaned: about(({ context }) => feedback.cleaned(context.carried)),
  publishEnded: about(({ context }) => feedback.ended(context.carried)),
  publishRolledBack: about(feedback.rolledBack),
  publishRollbackFailed: about(({ context }) => feedback.rollbackFailed(context.carried.message)),
} satisfies Record<string, Report>;

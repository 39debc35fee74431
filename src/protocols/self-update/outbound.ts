/** Encodes what the self-update agent publishes (SUA §4). */
import type { Feedback } from './feedback.js';
import { agentTopics } from './topics.js';

/** The component as others see it; inbound it is plain `os-image` (SUA-10). */
export const IMAGE_ID = 'self-update:os-image';
const AGENT_ID = 'self-update-agent';

/** The reference's name of the image node (SUA-17). */
export const DEFAULT_IMAGE_NAME = 'Official Leda device image';

/** As it goes to the broker (SUA §1). */
export interface OutboundMessage {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 1;
  readonly retain: boolean;
}

export interface Correlation {
  /** Absent as long as none is known (SUA-16). */
  readonly activityId?: string | undefined;
  /** Epoch milliseconds (SUA-6). */
  readonly timestamp: number;
}

/** A feedback message; without `version` there is nothing an action could be about. */
export function encodeFeedback(
  { status, message, action }: Feedback,
  { activityId, timestamp, version }: Correlation & { readonly version?: string | undefined },
): string {
  const actions =
    action === undefined || version === undefined
      ? []
      : [
          {
            component: { id: IMAGE_ID, version },
            status: action.status,
            progress: wholePercent(action.progress),
            message: action.message,
          },
        ];
  return JSON.stringify({ activityId, timestamp, payload: { status, message, actions } });
}

export const feedbackMessage = (prefix: string, payload: string): OutboundMessage => ({
  topic: agentTopics(prefix).feedback,
  payload,
  qos: 1,
  retain: false,
});

export const currentStateMessage = (prefix: string, payload: string): OutboundMessage => ({
  topic: agentTopics(prefix).currentState,
  payload,
  qos: 1,
  retain: true,
});

export interface Inventory {
  /** Build number of the agent. */
  readonly build: string;
  readonly imageName: string;
  /** Of the running system (SUA-19). */
  readonly imageVersion: string;
}

/** The current state (SUA-16 to SUA-19). */
export function encodeCurrentState(inventory: Inventory, { activityId, timestamp }: Correlation): string {
  const { build, imageName, imageVersion } = inventory;
  return JSON.stringify({
    activityId,
    timestamp,
    payload: {
      softwareNodes: [
        { id: AGENT_ID, version: `build-${build}`, name: 'OTA NG Self Update Agent', type: 'APPLICATION' },
        { id: IMAGE_ID, version: imageVersion, name: imageName, type: 'IMAGE' },
      ],
      hardwareNodes: [],
      associations: [{ sourceId: AGENT_ID, targetId: IMAGE_ID }],
    },
  });
}

/** A manager decodes progress into eight bits without sign (SUA-8). */
function wholePercent(progress: number): number {
  return Math.min(100, Math.max(0, Math.trunc(progress) || 0));
}

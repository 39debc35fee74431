/** The topics of the self-update agent below their prefix (SUA §1). */
export interface AgentTopics {
  readonly desiredState: string;
  readonly command: string;
  readonly currentStateGet: string;
  readonly currentState: string;
  readonly feedback: string;
}

/** The reference's. */
export const DEFAULT_PREFIX = 'selfupdate';

export function agentTopics(prefix: string): AgentTopics {
  return {
    desiredState: `${prefix}/desiredstate`,
    command: `${prefix}/desiredstate/command`,
    currentStateGet: `${prefix}/currentstate/get`,
    currentState: `${prefix}/currentstate`,
    feedback: `${prefix}/desiredstatefeedback`,
  };
}

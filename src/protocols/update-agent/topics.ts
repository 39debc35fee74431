/** The topic form of a domain's name: without dashes, ending in `update` (UM-TOP-1). */
export function topicPrefix(domain: string): string {
  const plain = domain.replaceAll('-', '');
  return plain.endsWith('update') ? plain : `${plain}update`;
}

/** The five topics that a manager and its agents share in shape (spec 2.2, 2.3), and those of consent (2.4). */
export function updateTopics(domain: string) {
  const prefix = topicPrefix(domain);
  return {
    desiredState: `${prefix}/desiredstate`,
    command: `${prefix}/desiredstate/command`,
    currentStateGet: `${prefix}/currentstate/get`,
    currentState: `${prefix}/currentstate`,
    feedback: `${prefix}/desiredstatefeedback`,
    consent: `${prefix}/ownerconsent`,
    consentFeedback: `${prefix}/ownerconsentfeedback`,
  } as const;
}

/** Why these domains cannot share a broker, if so: two of them would get each other's messages (UM-TOP-2). */
export function prefixCollision(manager: string, agents: readonly string[]): string | undefined {
  const owners = new Map([[topicPrefix(manager), manager]]);
  for (const agent of agents) {
    const prefix = topicPrefix(agent);
    const owner = owners.get(prefix);
    if (owner !== undefined) return `domains ${owner} and ${agent} share topic prefix ${prefix}`;
    owners.set(prefix, agent);
  }
  return undefined;
}

/** What the id of the first report after a connection begins with (UM-CS-5, UA-2). */
export const INITIAL_STATE_ID = 'initial-current-state-';

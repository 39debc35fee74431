/** What the broker brings, as events for the charts (CUA-1, CUA-2, CUA-5, CUA-6). */
import { createHash } from 'node:crypto';
import { COMMANDS } from '../../protocols/container-update/index.js';
import { readContainersState, readWishes } from '../../protocols/containers/index.js';
import { decodeEnvelope, type Refusal, readCommand, updateTopics } from '../../protocols/update-agent/index.js';
import type { Subscription, Tell } from '../mqtt-link/index.js';
import { type AgentInbound, agentAddress, type InventoryEvent, inventoryAddress } from './events.js';
import type { AgentSettings } from './settings.js';

/** Told of each message that nothing can be made of. */
export type Refused = (topic: string, reason: string, detail: string) => void;

const digestOf = (payload: Uint8Array): string => createHash('sha256').update(payload).digest('base64');

export function agentSubscriptions(
  { domain, systemContainers }: Pick<AgentSettings, 'domain' | 'systemContainers'>,
  refused: Refused,
): Subscription[] {
  const topics = updateTopics(domain);
  const toAgent = (event: AgentInbound): readonly Tell[] => [{ to: agentAddress(domain), event }];
  const toInventory = (event: InventoryEvent): readonly Tell[] => [{ to: inventoryAddress(domain), event }];
  const refuse = (topic: string, { code, detail }: Pick<Refusal, 'code' | 'detail'>): readonly Tell[] => {
    refused(topic, code, detail);
    return [];
  };
  return [
    {
      filter: topics.desiredState,
      qos: 1,
      read: ({ topic, payload }) => {
        const read = decodeEnvelope(payload, readContainersState);
        if (!read.ok) {
          const { activityId, detail: reason } = read.error;
          refuse(topic, read.error);
          return activityId === undefined ? [] : toAgent({ type: 'DESIRED_STATE.INVALID', activityId, reason });
        }
        const { activityId, payload: state } = read.value;
        const wishes = readWishes(state, domain, systemContainers);
        return wishes.ok
          ? toAgent({ type: 'DESIRED_STATE', activityId, digest: digestOf(payload), wishes: wishes.value })
          : toAgent({ type: 'DESIRED_STATE.INVALID', activityId, reason: wishes.error.detail });
      },
    },
    {
      filter: topics.command,
      qos: 1,
      read: ({ topic, payload }) => {
        const read = decodeEnvelope(payload, readCommand);
        if (!read.ok) return refuse(topic, read.error);
        const { activityId, timestamp, payload: given } = read.value;
        if (given === undefined) return refuse(topic, { code: 'wrong_type', detail: 'a command without payload' });
        const command = COMMANDS.find((known) => known === given.command);
        if (command === undefined) return refuse(topic, { code: 'wrong_type', detail: 'an unknown command' });
        return toAgent({ type: 'COMMAND', activityId, command, baseline: given.baseline ?? '', timestamp });
      },
    },
    {
      filter: topics.currentStateGet,
      qos: 1,
      read: ({ topic, payload }) => {
        // Said to be possible, although the reference drops it (CUA-5).
        if (payload.length === 0) return toInventory({ type: 'GET_STATE', activityId: '' });
        const read = decodeEnvelope(payload, () => undefined);
        if (!read.ok) return refuse(topic, read.error);
        return toInventory({ type: 'GET_STATE', activityId: read.value.activityId });
      },
    },
  ];
}

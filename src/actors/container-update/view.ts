import type { UpdateAction } from '../../protocols/container-update/index.js';
import type { ActorSystem, ActorView } from '../../runtime/index.js';
import { type AgentContext, agentAddress } from './events.js';

/** What the console and the API show of updates of containers. */
export interface ContainerUpdateView {
  readonly domain: string;
  /** `idle`, `waiting.downloaded`, `updating.working`, say. */
  readonly state: string;
  readonly waits: ActorView['waits'];
  readonly autoCommands: boolean;
  /** Null between operations. */
  readonly activityId: string | null;
  /** The group of all actions has no baseline; the others are those that are not cleaned up. */
  readonly groups: readonly { readonly baseline: string; readonly status: string; readonly actions: number }[];
  readonly actions: readonly Pick<
    UpdateAction,
    'name' | 'version' | 'kind' | 'status' | 'message' | 'present' | 'planned'
  >[];
}

export function viewContainerUpdate(system: Pick<ActorSystem, 'peek' | 'view'>, domain: string): ContainerUpdateView {
  const address = agentAddress(domain);
  const context = system.peek(address)?.context as AgentContext | undefined;
  const operation = context?.operation;
  const view = system.view(address);
  const all = operation && { baseline: '', status: operation.status, actions: operation.actions.length };
  const named = operation?.groups.map(({ baseline, status, members }) => ({
    baseline,
    status,
    actions: members.length,
  }));
  return {
    domain,
    state: view?.state ?? 'stopped',
    waits: view?.waits ?? [],
    autoCommands: context?.settings.autoCommands ?? false,
    activityId: operation?.activityId ?? context?.wanted?.activityId ?? null,
    groups: all ? [all, ...(named ?? [])] : [],
    actions: operation?.actions.map(shown) ?? [],
  };
}

const shown = ({ name, version, kind, status, message, present, planned }: UpdateAction) => ({
  name,
  version,
  kind,
  status,
  message,
  ...(present === undefined ? {} : { present }),
  ...(planned === undefined ? {} : { planned }),
});

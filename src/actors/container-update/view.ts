import type { UpdateAction } from '../../protocols/container-update/index.js';
import type { ContainerConfig } from '../../protocols/containers/index.js';
import type { ActorSystem, ActorView } from '../../runtime/index.js';
import type { KnownContainers } from './containers-port.js';
import { type AgentContext, agentAddress } from './events.js';

/** What the console and the API show of updates of containers. */
export interface ContainerUpdateView {
  readonly domain: string;
  /** Address of the agent's actor. */
  readonly actor: string;
  /** `idle`, `waiting.downloaded`, `updating.working`, say. */
  readonly state: string;
  readonly waits: ActorView['waits'];
  readonly autoCommands: boolean;
  /** Null between operations. */
  readonly activityId: string | null;
  /** The group of all actions has no baseline; the others are those that are not cleaned up. */
  readonly groups: readonly { readonly baseline: string; readonly status: string; readonly actions: number }[];
  readonly actions: readonly ContainerActionView[];
}

export interface ContainerActionView
  extends Pick<
    UpdateAction,
    'name' | 'version' | 'kind' | 'status' | 'message' | 'progress' | 'present' | 'planned' | 'terms'
  > {
  /** Of a container that is made anew: the parts of its configuration that differ. Their values may be secret. */
  readonly changes: readonly string[];
}

export function viewContainerUpdate(
  system: Pick<ActorSystem, 'peek' | 'view'>,
  containers: Pick<KnownContainers, 'find'>,
  domain: string,
): ContainerUpdateView {
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
    actor: address,
    state: view?.state ?? 'stopped',
    waits: view?.waits ?? [],
    autoCommands: context?.settings.autoCommands ?? false,
    activityId: operation?.activityId ?? context?.wanted?.activityId ?? null,
    groups: all ? [all, ...(named ?? [])] : [],
    actions: operation?.actions.map((action) => shown(action, containers)) ?? [],
  };
}

const shown = (
  { name, version, kind, status, message, progress, present, planned, terms }: UpdateAction,
  containers: Pick<KnownContainers, 'find'>,
): ContainerActionView => ({
  name,
  version,
  kind,
  status,
  message,
  ...(progress === undefined || status !== 'DOWNLOADING' ? {} : { progress }),
  ...(present === undefined ? {} : { present }),
  ...(planned === undefined ? {} : { planned }),
  ...(terms === undefined ? {} : { terms }),
  changes: changesOf(present && containers.find(present)?.config, planned && containers.find(planned)?.config),
});

function changesOf(before: ContainerConfig | '' | undefined, after: ContainerConfig | '' | undefined): string[] {
  if (!before || !after) return [];
  const names = Object.keys(after) as (keyof ContainerConfig)[];
  return names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

/** An update of containers as data: what is to be done, in which groups, and how far it is (CUA §A.4, §A.5). */
import {
  CHANGE_MESSAGES,
  type ChangeKind,
  type Resources,
  type RestartPolicy,
  removalGroup,
  type WishGroup,
} from '../containers/index.js';

/** What becomes of one container (CUA-16). */
export type ActionKind = ChangeKind;

export type ActionStatus =
  | 'IDENTIFIED'
  | 'DOWNLOADING'
  | 'DOWNLOAD_SUCCESS'
  | 'DOWNLOAD_FAILURE'
  | 'UPDATING'
  | 'UPDATE_SUCCESS'
  | 'UPDATE_FAILURE'
  | 'ACTIVATING'
  | 'ACTIVATION_SUCCESS'
  | 'ACTIVATION_FAILURE'
  | 'REMOVAL_SUCCESS'
  | 'REMOVAL_FAILURE';

/** What of a container is changed while it stays: all else needs a new one. */
export interface Terms {
  readonly resources: Resources;
  readonly restartPolicy: RestartPolicy;
}

export interface UpdateAction {
  /** Of the container. */
  readonly name: string;
  /** For people: the desired one, or that of the image which goes (CUA-18). */
  readonly version: string;
  readonly kind: ActionKind;
  readonly status: ActionStatus;
  readonly message: string;
  /** Whole percent of the image, while it is fetched and the engine tells (CUA-18). */
  readonly progress?: number;
  /** Id of the instance that was there at the comparison. */
  readonly present?: string;
  /** Id of the instance to be made. */
  readonly planned?: string;
  /** Of an `update`: kept apart from the container, which has changed by the time they are wanted back. */
  readonly terms?: { readonly before: Terms; readonly after: Terms };
  /** UPDATE found the present instance running, and stops it. */
  readonly wasRunning?: boolean;
  /** Its group was cleaned up: nothing more is done about it. */
  readonly isSettled?: boolean;
}

export type GroupStatus =
  | Exclude<ActionStatus, 'REMOVAL_SUCCESS' | 'REMOVAL_FAILURE'>
  | 'ROLLBACK'
  | 'ROLLBACK_SUCCESS'
  | 'ROLLBACK_FAILURE';

/** A baseline's part of the operation, with a status of its own (CUA-19). */
export interface Group {
  readonly baseline: string;
  readonly status: GroupStatus;
  /** Places in {@link Operation.actions}, in order. */
  readonly members: readonly number[];
}

export const COMMANDS = ['DOWNLOAD', 'UPDATE', 'ACTIVATE', 'ROLLBACK', 'CLEANUP'] as const;
export type CommandName = (typeof COMMANDS)[number];

/** A command that is being carried out. */
export interface Run {
  readonly command: CommandName;
  /** As it was addressed: `""` and `"*"` mean all. */
  readonly baseline: string;
  /** Place of the action that is worked on; -1 before the first. */
  readonly at: number;
  /** A step of a ROLLBACK has failed. */
  readonly hasFailed: boolean;
}

/** One at a time; persisted (CUA-33). There are no configurations in it: they are with the containers. */
export interface Operation {
  readonly activityId: string;
  /** Of the message that asked for it: a redelivery has the same. */
  readonly digest: string;
  readonly domain: string;
  readonly actions: readonly UpdateAction[];
  /** Of the group of all actions. */
  readonly status: GroupStatus;
  /** The named ones that have not been cleaned up. */
  readonly groups: readonly Group[];
  /** A named group was cleaned up that had something to do and was not activated (CUA-29). */
  readonly isFlawed: boolean;
  /** Commands that were taken, each in one text (CUA-23). */
  readonly taken: readonly string[];
  readonly run: Run | null;
}

/** An action as a comparison finds it. */
export type IdentifiedAction = Omit<UpdateAction, 'status' | 'message' | 'progress' | 'wasRunning' | 'isSettled'>;

export const isAll = (baseline: string): boolean => baseline === '' || baseline === '*';

export const componentId = (domain: string, name: string): string => `${domain}:${name}`;

export interface OperationRequest {
  readonly activityId: string;
  readonly digest: string;
  readonly domain: string;
  readonly found: readonly IdentifiedAction[];
  readonly groups: readonly WishGroup[];
}

export function newOperation({ found, groups, ...heading }: OperationRequest): Operation {
  const actions = found.map(
    (action): UpdateAction => ({ ...action, status: 'IDENTIFIED', message: CHANGE_MESSAGES[action.kind] }),
  );
  return {
    ...heading,
    actions,
    status: 'IDENTIFIED',
    groups: groupsOf(heading.domain, actions, groups),
    isFlawed: false,
    taken: [],
    run: null,
  };
}

/** The group of what goes always exists, even when it is empty; a system container's own does not (CUA-19). */
function groupsOf(domain: string, actions: readonly UpdateAction[], wanted: readonly WishGroup[]): Group[] {
  const stays = new Map<string, number>();
  const goes: number[] = [];
  for (const [place, { kind, name }] of actions.entries()) {
    if (kind === 'destroy') goes.push(place);
    else stays.set(name, place);
  }
  const groups = wanted.flatMap(({ title, names }): Group[] => {
    const members = names.flatMap((name) => stays.get(name) ?? []).sort((one, other) => one - other);
    const isOfSystem = members.length === 0 && names.length === 1 && title === componentId(domain, names[0] ?? '');
    return isOfSystem ? [] : [{ baseline: title, status: 'IDENTIFIED', members }];
  });
  return [...groups, { baseline: removalGroup(domain), status: 'IDENTIFIED', members: goes }];
}

/** Undefined for a baseline that there is not, or not any more. */
export function statusOf(operation: Operation, baseline: string): GroupStatus | undefined {
  if (isAll(baseline)) return operation.status;
  return operation.groups.find((group) => group.baseline === baseline)?.status;
}

export function withStatus(operation: Operation, baseline: string, status: GroupStatus): Operation {
  if (isAll(baseline)) return { ...operation, status };
  const groups = operation.groups.map((group) => (group.baseline === baseline ? { ...group, status } : group));
  return { ...operation, groups };
}

/** Places of a group's actions that something may still be done about, in order. */
export function membersOf(operation: Operation, baseline: string): readonly number[] {
  const { actions, groups } = operation;
  const places = isAll(baseline)
    ? [...actions.keys()]
    : (groups.find((group) => group.baseline === baseline)?.members ?? []);
  return places.filter((place) => actions[place]?.isSettled !== true);
}

export function withAction(operation: Operation, place: number, change: Partial<UpdateAction>): Operation {
  const actions = operation.actions.map((action, at) => (at === place ? { ...action, ...change } : action));
  return { ...operation, actions };
}

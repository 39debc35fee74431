import { omitEmpty } from './compact.js';
import { integer, listOf, objectOf, type Read, text } from './go-json.js';

/** What an agent does, or did, about one component (spec 3.5). */
export interface Action {
  readonly component: {
    /** `<domain>:<component>` */
    readonly id?: string;
    readonly version?: string;
  };
  /** Of spec 6.2, or whatever an agent says: passed through. */
  readonly status?: string;
  /** Percent, 0 to 255. */
  readonly progress?: number;
  readonly message?: string;
}

export interface DesiredStateFeedback {
  /** Of spec 6.1; unknown ones are read, too. */
  readonly status?: string;
  readonly baseline?: string;
  readonly message?: string;
  readonly actions?: readonly Action[];
}

const readComponent = objectOf((member) => omitEmpty({ id: member('id', text), version: member('version', text) }));

/** An action without a component is left out (UM-MSG-9). */
const readAction: Read<Action | undefined> = (value, path) =>
  objectOf((member) => {
    const component = member('component', readComponent);
    const rest = omitEmpty({
      status: member('status', text),
      progress: member('progress', integer(0, 255)),
      message: member('message', text),
    });
    return component && { component, ...rest };
  })(value, path);

export const readFeedback: Read<DesiredStateFeedback | undefined> = objectOf((member) =>
  omitEmpty({
    status: member('status', text),
    baseline: member('baseline', text),
    message: member('message', text),
    actions: member('actions', listOf(readAction)),
  }),
);

/** The actions known so far with those of a later report: replaced by component id, else added, never removed (UM-ORC-1). */
export function mergeActions(known: readonly Action[], reported: readonly Action[]): readonly Action[] {
  const merged = new Map(known.map((action) => [action.component.id ?? '', action]));
  for (const action of reported) merged.set(action.component.id ?? '', action);
  return [...merged.values()];
}

const RENAMED: Readonly<Record<string, string>> = {
  ACTIVATING: 'UPDATING',
  ACTIVATION_SUCCESS: 'UPDATE_SUCCESS',
  ACTIVATION_FAILURE: 'UPDATE_FAILURE',
};

/** An action as backends know it: activation is a part of the update there (UM-FB-6). */
export function renamedUpstream(action: Action): Action {
  const status =
    action.status === undefined
      ? undefined
      : Object.hasOwn(RENAMED, action.status)
        ? RENAMED[action.status]
        : action.status;
  return status === undefined ? action : { ...action, status };
}

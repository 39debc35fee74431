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

/**
 * Of one domain, in all. A vehicle has tens of components; each feedback upstream holds the actions of all domains, and
 * brokers take messages of 1 MiB: four domains fit into one, with 2,000 actions of 130 bytes each.
 */
export const MOST_ACTIONS = 2_000;
export const MOST_ACTION_BYTES = 262_144;

export interface MergedActions {
  readonly actions: readonly Action[];
  /** How many of the reported ones there was no room for. */
  readonly refused: number;
}

/**
 * The actions known so far with those of a later report: replaced by component id, else added, never removed (UM-ORC-1).
 * What finds no room is taken without its message, or refused: an agent that invents components fills no vehicle.
 */
export function mergeActions(known: readonly Action[], reported: readonly Action[]): MergedActions {
  const merged = new Map(known.map((action) => [action.component.id ?? '', action]));
  let bytes = known.reduce((sum, action) => sum + sizeOf(action), 0);
  let refused = 0;
  for (const action of reported) {
    const id = action.component.id ?? '';
    const before = merged.get(id);
    const others = bytes - (before ? sizeOf(before) : 0);
    const fits = (each: Action) => others + sizeOf(each) <= MOST_ACTION_BYTES;
    const { message: _, ...short } = action;
    const taken = [action, short].find(fits);
    if (!taken || (!before && merged.size >= MOST_ACTIONS)) {
      refused++;
      continue;
    }
    merged.set(id, taken);
    bytes = others + sizeOf(taken);
  }
  return { actions: [...merged.values()], refused };
}

const sizeOf = (action: Action): number => Buffer.byteLength(JSON.stringify(action));

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

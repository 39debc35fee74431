import type { Result } from '../result.js';
import {
  type Baseline,
  type DesiredComponent,
  type DesiredDomain,
  type DesiredState,
  memberOf,
  type Read,
  readDesiredState,
} from '../update-agent/index.js';
import { readComponent } from './component.js';
import type { ContainerConfig } from './model.js';
import { quoted } from './validation.js';

/** A container that a desired state asks for. */
export interface Wish {
  readonly config: ContainerConfig;
  /** As the desired state says, for feedback only (CUA-10). */
  readonly version: string;
}

/** Components whose actions are commanded together (CUA-19). */
export interface WishGroup {
  readonly title: string;
  /** Names of containers, in the order of the baseline. */
  readonly names: readonly string[];
}

/** What a desired state asks of the containers of a vehicle. */
export interface Wishes {
  /** In the order of the message; system containers, too. */
  readonly wishes: readonly Wish[];
  /** Of this desired state (CUA-9): never touched. */
  readonly systemContainers: readonly string[];
  /**
   * Baselines in the order of the message, those without a component of this domain, too, then one `<domain>:<name>` for
   * each component in none. Each wish is in one.
   */
  readonly groups: readonly WishGroup[];
  /** What was passed over, for the log: bounded, and without values of variables. */
  readonly warnings: readonly string[];
}

/** A desired state, and whose configuration is not where it belongs. */
export interface ContainersState extends DesiredState {
  /** Ids of components that have `parameters`, as in inventories, and no `config`. */
  readonly misplaced?: readonly string[];
}

/** Components of a desired state, and so its baselines; more is no vehicle. */
const MOST_COMPONENTS = 1_000;
const MOST_WARNINGS = 100;
const SYSTEM_CONTAINERS = 'systemContainers';
/** Of all actions, in commands: no baseline is addressed so. */
const ALL = ['', '*'];

/** The group of all destroy actions (CUA-19). */
export const removalGroup = (domain: string): string => `${domain}:remove-components`;

/** For the payload of a desired state; {@link readWishes} takes one that was read without it just as well. */
export const readContainersState: Read<ContainersState | undefined> = (value, path) => {
  const state = readDesiredState(value, path);
  const [domain] = state?.domains ?? [];
  if (state === undefined || domain === undefined) return state;
  const misplaced = componentsOf(value).filter(
    (component) => Array.isArray(memberOf(component, 'parameters')) && memberOf(component, 'config') === undefined,
  );
  return { ...state, misplaced: misplaced.map((component) => String(memberOf(component, 'id') ?? '')) };
};

/** The components of the first domain in a value that was read as a desired state. */
function componentsOf(value: unknown): readonly object[] {
  const isObject = (item: unknown): item is object => typeof item === 'object' && item !== null;
  const listIn = (owner: unknown, name: string): readonly object[] => {
    const list = isObject(owner) ? memberOf(owner, name) : undefined;
    return Array.isArray(list) ? list.filter(isObject) : [];
  };
  return listIn(listIn(value, 'domains')[0], 'components');
}

/** What a desired state asks for (CUA-8…15); the detail of a refusal is the text of `IDENTIFICATION_FAILED`. */
export function readWishes(
  desiredState: ContainersState | null | undefined,
  ownDomain: string,
  configuredSystemContainers: readonly string[],
): Result<Wishes> {
  const domains = desiredState?.domains ?? [];
  const [domain] = domains;
  if (domain === undefined || domains.length !== 1) {
    return refusal('one_domain', `one domain expected in desired state specification, but got ${domains.length}`);
  }
  if ((domain.id ?? '') !== ownDomain) {
    const received = quoted(domain.id ?? '');
    return refusal('domain_mismatch', `domain id mismatch - expecting ${ownDomain}, received ${received}`);
  }
  const warnings = new Warnings();
  const wishes = wishesOf(domain, ownDomain, desiredState?.misplaced ?? [], warnings);
  if (!wishes.ok) return wishes;
  const groups = groupsOf(wishes.value, desiredState?.baselines ?? [], ownDomain, warnings);
  if (!groups.ok) return groups;
  const systemContainers = systemContainersOf(domain) ?? configuredSystemContainers;
  if (systemContainers.length > MOST_COMPONENTS) {
    return refusal('too_large', `at most ${MOST_COMPONENTS} system containers expected`);
  }
  const skipped = new Set(systemContainers);
  for (const { config } of wishes.value) {
    if (skipped.has(config.name)) warnings.add(`${config.name}: system containers are not changed`);
  }
  return {
    ok: true,
    value: { wishes: wishes.value, systemContainers, groups: groups.value, warnings: warnings.texts },
  };
}

function wishesOf(
  domain: DesiredDomain,
  ownDomain: string,
  misplaced: readonly string[],
  warnings: Warnings,
): Result<readonly Wish[]> {
  const components = domain.components ?? [];
  if (components.length > MOST_COMPONENTS) {
    return refusal('too_large', `at most ${MOST_COMPONENTS} components expected, but got ${components.length}`);
  }
  const names = new Set<string>();
  const withParameters = new Set(misplaced);
  const wishes: Wish[] = [];
  for (const component of components) {
    const id = component.id ?? '';
    if (names.has(id)) return refusal('duplicate_component', `duplicate component id ${quoted(id)}`);
    names.add(id);
    if (withParameters.has(id)) warnings.add(`${quoted(id)}: ${MISPLACED}`);
    const read = readComponent(component, (text) => warnings.add(`${quoted(id)}: ${text}`));
    if (!read.ok) {
      const hints = hintsFor(component, ownDomain, withParameters).map((hint) => ` - ${hint}`);
      const problem = `invalid configuration for container ${quoted(id)}: ${read.error.detail}${hints.join('')}`;
      return refusal(
        'invalid_container',
        `cannot convert desired state components to container configurations: ${problem}`,
      );
    }
    wishes.push({ config: read.value, version: component.version ?? '' });
  }
  return { ok: true, value: wishes };
}

const MISPLACED = 'its configuration is expected in "config", "parameters" are not read';

/** What people take from inventories that is otherwise here. */
function hintsFor({ id = '' }: DesiredComponent, ownDomain: string, misplaced: ReadonlySet<string>): readonly string[] {
  const hints = id.startsWith(`${ownDomain}:`) ? ['the id of a component has no domain before it'] : [];
  return misplaced.has(id) ? [...hints, MISPLACED] : hints;
}

/** A component that a baseline before has taken is unknown to later ones. Baselines of one title are one. */
function groupsOf(
  wishes: readonly Wish[],
  baselines: readonly Baseline[],
  domain: string,
  warnings: Warnings,
): Result<readonly WishGroup[]> {
  if (baselines.length > MOST_COMPONENTS) return refusal('too_large', `at most ${MOST_COMPONENTS} baselines expected`);
  const free = new Set(wishes.map(({ config }) => config.name));
  const groups = new Map<string, string[]>();
  const prefix = `${domain}:`;
  for (const { title = '', components = [] } of baselines) {
    const problem = (what: string) =>
      refusal(
        'invalid_baseline',
        `cannot process desired state baselines with containers: problem with baseline ${quoted(title)}: ${what}`,
      );
    const own = components.filter((component) => component.startsWith(prefix));
    const names = own.map((component) => component.slice(prefix.length));
    const taken = new Set<string>();
    for (const name of names) {
      if (!free.has(name) || taken.has(name))
        return problem(`cannot find container component ${quoted(prefix + name)}`);
      taken.add(name);
    }
    if (ALL.includes(title)) {
      if (taken.size > 0) warnings.add(`baseline "${title}" cannot be addressed: its components are taken one by one`);
      continue;
    }
    if (title === removalGroup(domain)) return problem('the title is that of the removals');
    for (const name of taken) free.delete(name);
    groups.set(title, [...(groups.get(title) ?? []), ...taken]);
  }
  for (const name of free) {
    const title = `${prefix}${name}`;
    groups.set(title, [...(groups.get(title) ?? []), name]);
  }
  return { ok: true, value: [...groups].map(([title, names]) => ({ title, names })) };
}

/** It replaces the configured list; an empty one names none (CUA-9). */
function systemContainersOf({ config = [] }: DesiredDomain): readonly string[] | undefined {
  const entry = config.findLast(({ key }) => key === SYSTEM_CONTAINERS);
  return entry && (entry.value ?? '').split(',').map((name) => name.trim());
}

const refusal = (code: string, detail: string): Result<never> => ({ ok: false, error: { code, detail } });

class Warnings {
  readonly texts: string[] = [];

  add(text: string): void {
    if (this.texts.length < MOST_WARNINGS) this.texts.push(text);
    else this.texts[MOST_WARNINGS] = 'and more';
  }
}

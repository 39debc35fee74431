import type { Result } from '../result.js';
import type { Baseline, DesiredDomain, DesiredState } from '../update-agent/index.js';
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
  /** In the order of the message; system containers, too, which {@link isSystem} tells. */
  readonly wishes: readonly Wish[];
  /** Of this desired state (CUA-9): never touched. */
  readonly systemContainers: readonly string[];
  /** Baselines in the order of the message, then one `<domain>:<name>` for each component in none. Each wish is in one. */
  readonly groups: readonly WishGroup[];
  /** What was passed over, for the log: bounded, and without values of variables. */
  readonly warnings: readonly string[];
}

const MOST_COMPONENTS = 1_000;
const MOST_WARNINGS = 100;
const SYSTEM_CONTAINERS = 'systemContainers';
/** Of all actions, in commands: no baseline is addressed so. */
const ALL = ['', '*'];

/** The group of all destroy actions (CUA-19). */
export const removalGroup = (domain: string): string => `${domain}:remove-components`;

export const isSystem = ({ systemContainers }: Wishes, name: string): boolean => systemContainers.includes(name);

/** What a desired state asks for (CUA-8…15); the detail of a refusal is the text of `IDENTIFICATION_FAILED`. */
export function readWishes(
  desiredState: DesiredState | null | undefined,
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
  const wishes = wishesOf(domain, ownDomain, warnings);
  if (!wishes.ok) return wishes;
  const groups = groupsOf(wishes.value, desiredState?.baselines ?? [], ownDomain, warnings);
  if (!groups.ok) return groups;
  const systemContainers = systemContainersOf(domain) ?? configuredSystemContainers;
  const skipped = new Set(systemContainers);
  for (const { config } of wishes.value) {
    if (skipped.has(config.name)) warnings.add(`${config.name}: system containers are not changed`);
  }
  return {
    ok: true,
    value: { wishes: wishes.value, systemContainers, groups: groups.value, warnings: warnings.texts },
  };
}

function wishesOf(domain: DesiredDomain, ownDomain: string, warnings: Warnings): Result<readonly Wish[]> {
  const components = domain.components ?? [];
  if (components.length > MOST_COMPONENTS) {
    return refusal('too_large', `at most ${MOST_COMPONENTS} components expected, but got ${components.length}`);
  }
  const names = new Set<string>();
  const wishes: Wish[] = [];
  for (const component of components) {
    const id = component.id ?? '';
    if (names.has(id)) return refusal('duplicate_component', `duplicate component id ${quoted(id)}`);
    names.add(id);
    const read = readComponent(component, (text) => warnings.add(`${quoted(id)}: ${text}`));
    if (!read.ok) {
      const hint = id.startsWith(`${ownDomain}:`) ? ' - the id of a component has no domain before it' : '';
      const problem = `invalid configuration for container ${quoted(id)}: ${read.error.detail}${hint}`;
      return refusal(
        'invalid_container',
        `cannot convert desired state components to container configurations: ${problem}`,
      );
    }
    wishes.push({ config: read.value, version: component.version ?? '' });
  }
  return { ok: true, value: wishes };
}

/** A component that a baseline before has taken is unknown to later ones. Baselines of one title are one. */
function groupsOf(
  wishes: readonly Wish[],
  baselines: readonly Baseline[],
  domain: string,
  warnings: Warnings,
): Result<readonly WishGroup[]> {
  const free = new Set(wishes.map(({ config }) => config.name));
  const groups = new Map<string, string[]>();
  const prefix = `${domain}:`;
  for (const { title = '', components = [] } of baselines) {
    const own = components.filter((component) => component.startsWith(prefix));
    if (ALL.includes(title) && own.length > 0) {
      warnings.add(`baseline "${title}" cannot be addressed: its components are taken one by one`);
    }
    const problem = (what: string) =>
      refusal(
        'invalid_baseline',
        `cannot process desired state baselines with containers: problem with baseline ${quoted(title)}: ${what}`,
      );
    if (title === removalGroup(domain)) return problem('the title is that of the removals');
    const group = groups.get(title) ?? [];
    for (const component of own) {
      const name = component.slice(prefix.length);
      const isUnknown = ALL.includes(title) ? !free.has(name) : !free.delete(name);
      if (isUnknown) return problem(`cannot find container component ${quoted(component)}`);
      if (!ALL.includes(title)) group.push(name);
    }
    if (group.length > 0) groups.set(title, group);
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

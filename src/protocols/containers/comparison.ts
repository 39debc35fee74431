import { versionOfImage } from './images.js';
import type { ContainerConfig } from './model.js';
import type { Wishes } from './wishes.js';

/** What becomes of a container (CUA-16). */
export type ChangeKind = 'create' | 'recreate' | 'update' | 'check' | 'destroy';

/** A container that is there: of role current. */
export interface Present {
  readonly id: string;
  readonly config: ContainerConfig;
}

/** One action of a desired state; `wish` is absent of `destroy`, `present` of `create`. */
export interface Change {
  readonly kind: ChangeKind;
  readonly name: string;
  /** Of the action's component in feedback (CUA-18). */
  readonly version: string;
  /** Of the action when it is identified. */
  readonly message: string;
  readonly wish?: ContainerConfig;
  readonly present?: Present;
}

export const CHANGE_MESSAGES: Readonly<Record<ChangeKind, string>> = {
  create: 'New container will be created and started.',
  recreate: 'Existing container will be destroyed and replaced by a new one.',
  update: 'Existing container will be updated with new configuration.',
  check: 'No changes detected, existing container will be check only if it is running.',
  destroy: 'Existing container will be destroyed, no longer needed.',
};

/**
 * What makes the containers that are `present`, the newest of a name last, those that are wished for (CUA-16): wishes in
 * their order, then what is to be destroyed by name; of several of one name all but the newest (CTR-10).
 */
export function compare({ wishes, systemContainers }: Wishes, present: readonly Present[]): readonly Change[] {
  const untouched = new Set(systemContainers);
  const newest = new Map(present.map((container) => [container.config.name, container]));
  const kept = new Set<Present>();
  const changes: Change[] = [];
  for (const { config, version } of wishes) {
    if (untouched.has(config.name)) continue;
    const container = newest.get(config.name);
    if (container !== undefined) kept.add(container);
    changes.push(change(kindOf(container?.config, config), config.name, version, config, container));
  }
  const rest = present.filter((container) => !kept.has(container) && !untouched.has(container.config.name));
  const removals = rest.map((container) => {
    const { name, image } = container.config;
    return change('destroy', name, versionOfImage(image), undefined, container);
  });
  return [...changes, ...removals.sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))];
}

/** What makes one container from another, after defaults (CUA-17). */
export function kindOf(current: ContainerConfig | undefined, wish: ContainerConfig): Exclude<ChangeKind, 'destroy'> {
  if (current === undefined) return 'create';
  if (FIXED.some((part) => !part(current, wish))) return 'recreate';
  const { resources, restartPolicy } = current;
  return isSame(resources, wish.resources) && isSame(restartPolicy, wish.restartPolicy) ? 'check' : 'update';
}

/** What a container keeps for its life. Names of host and domain, runtime and decryption are not compared (CUA-17). */
const FIXED: readonly ((a: ContainerConfig, b: ContainerConfig) => boolean)[] = [
  (a, b) => a.image === b.image,
  (a, b) => isSameSet(a.mounts, b.mounts),
  (a, b) => a.cmd.length === b.cmd.length && a.cmd.every((argument, index) => argument === b.cmd[index]),
  (a, b) => isSameSet(a.env, b.env),
  (a, b) => a.tty === b.tty && a.openStdin === b.openStdin,
  (a, b) => a.privileged === b.privileged && a.network === b.network,
  (a, b) => isSameSet(a.devices, b.devices),
  (a, b) => isSameSet(a.extraHosts, b.extraHosts),
  (a, b) => isSameSet(a.extraCapabilities, b.extraCapabilities),
  (a, b) => isSameSet(a.ports, b.ports),
  (a, b) => isSame(a.log, b.log),
];

/** Equal length, and each has what the other has. */
function isSameSet(a: readonly (string | object)[], b: readonly (string | object)[]): boolean {
  if (a.length !== b.length) return false;
  if (a.length === 0) return true;
  const inA = new Set(a.map(textOf));
  const inB = new Set(b.map(textOf));
  return inA.size === inB.size && [...inA].every((item) => inB.has(item));
}

const isSame = (a: object, b: object): boolean => textOf(a) === textOf(b);

/** One text for equal members, in whatever order they were written. */
const textOf = (item: string | object): string =>
  typeof item === 'string' ? item : JSON.stringify(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));

function change(
  kind: ChangeKind,
  name: string,
  version: string,
  wish: ContainerConfig | undefined,
  present: Present | undefined,
): Change {
  const message = CHANGE_MESSAGES[kind];
  return { kind, name, version, message, ...(wish && { wish }), ...(present && { present }) };
}

import type { Association, Inventory, SoftwareNode } from '../update-agent/index.js';

export interface AggregateOptions {
  /** Of the manager, as configured. */
  readonly domain: string;
  readonly version: string;
}

/** The inventory of the vehicle: the manager's own node, and below it what each domain last reported (UM-INV-1…6). */
export function aggregateInventory(
  { domain, version }: AggregateOptions,
  known: ReadonlyArray<{ readonly domain: string; readonly inventory: Inventory }>,
): Inventory {
  const manager = `${domain}-update-manager`;
  const software = known.flatMap(({ inventory }) => inventory.softwareNodes ?? []);
  return {
    hardwareNodes: known.flatMap(({ inventory }) => inventory.hardwareNodes ?? []),
    softwareNodes: [{ id: manager, version, name: 'Update Manager', type: 'APPLICATION' }, ...software],
    associations: known.flatMap((each) => associationsOf(manager, each.domain, each.inventory)),
  };
}

function associationsOf(manager: string, domain: string, inventory: Inventory): Association[] {
  const nodes = inventory.softwareNodes ?? [];
  const root = nodes.find((node) => isRootOf(node, domain)) ?? nodes[0];
  if (!root) return [];
  const toRoot = { sourceId: manager, ...(root.id === undefined ? {} : { targetId: root.id }) };
  return [toRoot, ...(inventory.associations ?? [])];
}

const isRootOf = ({ type, parameters = [] }: SoftwareNode, domain: string): boolean =>
  type === 'APPLICATION' && parameters.some(({ key, value }) => key === 'domain' && (value ?? '') === domain);

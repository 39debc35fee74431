import type {
  Association,
  HardwareNode,
  Inventory,
  KeyValue,
  SoftwareNode,
} from '../../protocols/update-agent/index.js';
import { type ActorSystem, isSecretName, REDACTED } from '../../runtime/index.js';
import { INVENTORY, type InventoryContext } from './events.js';

/** What the console and the API show of the current state of a vehicle; parameters that may be secret are left out. */
export interface CurrentStateView {
  readonly actor: string;
  /** In the order of the configuration; those that have not said anything are there, too. */
  readonly domains: readonly DomainStateView[];
}

export interface DomainStateView {
  readonly id: string;
  readonly isKnown: boolean;
  /** Of the agent's message, by its clock; epoch milliseconds. */
  readonly timestamp: number | null;
  readonly hardwareNodes: readonly HardwareNode[];
  readonly softwareNodes: readonly SoftwareNode[];
  readonly associations: readonly Association[];
}

export function viewCurrentState(system: Pick<ActorSystem, 'peek'>): CurrentStateView {
  const inventory = system.peek(INVENTORY)?.context as InventoryContext | undefined;
  const known = inventory?.known ?? {};
  const ids = new Set([...Object.keys(inventory?.settings?.readTimeoutMs ?? {}), ...Object.keys(known)]);
  return { actor: INVENTORY, domains: [...ids].map((id) => domainOf(id, known[id])) };
}

function domainOf(id: string, known: { timestamp: number | null; inventory: Inventory } | undefined): DomainStateView {
  const { hardwareNodes = [], softwareNodes = [], associations = [] } = known?.inventory ?? {};
  return {
    id,
    isKnown: known !== undefined,
    timestamp: known?.timestamp ?? null,
    hardwareNodes: hardwareNodes.map(shown),
    softwareNodes: softwareNodes.map(shown),
    associations,
  };
}

const shown = <Node extends HardwareNode | SoftwareNode>(node: Node): Node =>
  node.parameters ? { ...node, parameters: node.parameters.map(parameter) } : node;

const parameter = ({ key, value }: KeyValue): KeyValue => {
  const isHidden = key !== undefined && value !== undefined && isSecretName(key);
  return {
    ...(key === undefined ? {} : { key }),
    ...(value === undefined ? {} : { value: isHidden ? REDACTED : value }),
  };
};

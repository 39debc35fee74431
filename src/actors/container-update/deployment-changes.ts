/** What descriptors come to, as stages of orders (CTR-7). Pure but for the ids that it is given. */
import {
  create,
  giveBack,
  limit,
  remove,
  run,
  start,
  stop,
  takeOver,
  type UpdateAction,
} from '../../protocols/container-update/index.js';
import { type ContainerConfig, compare, type Present } from '../../protocols/containers/index.js';
import type { Deployed, ReadOutput, Stage } from './deployment-events.js';
import { identified } from './identified.js';

export interface Described {
  /** Of the instance that is to be made, if one is. */
  readonly id: string;
  readonly config: ContainerConfig;
}

/** Compared by name, and never a container removed because no file describes it. */
export function deploymentOf(described: readonly Described[], present: readonly Present[]): ReadOutput {
  const wishes = described.map(({ config }) => ({ config, version: '' }));
  const names = new Set(described.map(({ config }) => config.name));
  const others = present.map(({ config }) => config.name).filter((name) => !names.has(name));
  // What no file describes counts as not to be touched.
  const changes = compare({ wishes, systemContainers: others, groups: [], warnings: [] }, present);
  const kept = changes.filter(({ kind }) => kind !== 'destroy');
  const idsByName = new Map(described.map(({ id, config }) => [config.name, id]));
  const { found, plans } = identified(kept, (name) => idsByName.get(name) ?? '');
  return { changes: found.map((action) => deployed({ ...action, status: 'IDENTIFIED', message: '' })), plans };
}

function deployed(action: UpdateAction): Deployed {
  const { name, kind } = action;
  return { name, kind, stages: stagesOf(action) };
}

function stagesOf(action: UpdateAction): readonly Stage[] {
  const made: Stage = { orders: create(action), undo: remove(action.planned) };
  switch (action.kind) {
    case 'create':
      return [made, { orders: takeOver(action), undo: [] }];
    case 'recreate':
      return [
        made,
        {
          orders: [...stop(action), ...takeOver(action)],
          undo: [...giveBack(action), ...start(action, action.present)],
        },
        { orders: remove(action.present), undo: [] },
      ];
    case 'update':
      return [
        { orders: limit(action, 'after'), undo: [] },
        { orders: run(action), undo: [] },
      ];
    case 'check':
      return [{ orders: run(action), undo: [] }];
    case 'destroy':
      return [];
  }
}

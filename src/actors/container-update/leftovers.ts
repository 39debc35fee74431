/** What updates that came to a bad end have left, once none is under way any more. */
import type { Step } from '../../protocols/container-update/index.js';
import type { ContainerFacts } from '../containers/events.js';

/**
 * Instances that were prepared go, and so do those that were replaced; one that has no successor takes its name back, so
 * that it is compared like any other. While nobody knows how containers are, nothing is done about them.
 */
export function leftoverSteps(all: readonly ContainerFacts[]): readonly Step[] {
  if (all.some(({ state }) => state.status === 'Unknown')) return [];
  const names = new Set(all.filter(({ role }) => role === 'current').map(({ config }) => config.name));
  const newestFirst = all.toSorted((a, b) => (a.created < b.created ? 1 : -1));
  return newestFirst.flatMap(({ id, role, created, config: { name } }): Step[] => {
    if (role === 'current') return [];
    if (role === 'pending' || created === '' || names.has(name)) return [{ place: -1, orders: [{ do: 'remove', id }] }];
    names.add(name);
    return [{ place: -1, orders: [{ do: 'role', id, name, role: 'current', mustExist: false }] }];
  });
}

/** From what a comparison finds to what is to be done. */
import type { IdentifiedAction, Terms } from '../../protocols/container-update/index.js';
import type { Change, ContainerConfig } from '../../protocols/containers/index.js';
import type { Plan } from './events.js';

/** The changes as actions, and the containers that have to be made for them, each with an id of its own. */
export function identified(
  changes: readonly Change[],
  idFor: (name: string) => string,
): { readonly found: readonly IdentifiedAction[]; readonly plans: readonly Plan[] } {
  const plans: Plan[] = [];
  const found = changes.map((change): IdentifiedAction => {
    const { kind, name, version, present, wish } = change;
    const action = { kind, name, version, ...(present ? { present: present.id } : {}) };
    if (!wish || kind === 'check' || kind === 'destroy') return action;
    if (kind === 'update') {
      return present ? { ...action, terms: { before: termsOf(present.config), after: termsOf(wish) } } : action;
    }
    const planned = idFor(name);
    plans.push({ id: planned, config: wish });
    return { ...action, planned };
  });
  return { found, plans };
}

const termsOf = ({ resources, restartPolicy }: ContainerConfig): Terms => ({ resources, restartPolicy });

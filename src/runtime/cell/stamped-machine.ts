import type { AnyActorLogic, AnyActorRef, AnyStateMachine, AnyStateNode, EventObject } from 'xstate';
import { cellOf } from './cell-clock.js';
import type { Stamp } from './message.js';

/** Told to each actor that is restored (DUR-12); few charts have something to do then. */
const RESTORED = 'runtime.restored';

type Scope = Parameters<AnyActorLogic['transition']>[2];
type Stamped = EventObject & { stamp?: Stamp | undefined };

/**
 * The machine, a copy of its own from `provide()`, with every event stamped on its way in: those that XState makes
 * itself and those of children pass no mailbox (R20). `taken` sees each event of this machine.
 */
export function stampEvents(
  machine: AnyStateMachine,
  taken?: (self: AnyActorRef, event: EventObject) => void,
): AnyStateMachine {
  const { transition: take } = shareStamps(machine, (self) => cellOf(self).stamp());
  const isDeaf = !mayChangeBy(machine.root, RESTORED);
  const transition = (snapshot: { children: object }, event: EventObject, scope: Scope): unknown => {
    // A stop is no event of ours, and its result is never stored (R27).
    if (event.type === 'xstate.stop') {
      if (Object.keys(snapshot.children).length === 0) return { ...snapshot, status: 'stopped' };
      return take(snapshot as never, event as never, scope as never);
    }
    // One that came along from another turn is not this turn's.
    const stamped = { ...event, stamp: cellOf(scope.self).stamp() };
    const isUnheard = isDeaf && event.type === RESTORED;
    const next = isUnheard ? snapshot : take(snapshot as never, stamped as never, scope as never);
    taken?.(scope.self, stamped);
    return next;
  };
  return Object.assign(machine, { transition });
}

/**
 * Has the machine, a copy of its own from `provide()`, give the stamp of each event to all that it leads to within its
 * turn: what the machine raises, and `xstate.done.state.*`, reach it through XState's own queue. As XState lets nobody
 * exchange an event there, the stamp is set on it: the event of a constant `raise({ … })` is one object for all turns,
 * of which a machine may keep the fields but not the whole. What is raised on entry has the stamp of the `input`, or
 * where that has none the one of `first`.
 */
export function shareStamps(
  machine: AnyStateMachine,
  first: (self: AnyActorRef) => Stamp | undefined = () => undefined,
): AnyStateMachine {
  let turn: Stamped | undefined;
  const during = <T>(event: Stamped, work: () => T): T => {
    const outer = turn;
    turn = event;
    try {
      return work();
    } finally {
      turn = outer;
    }
  };
  const { transition, getInitialSnapshot } = machine;
  // XState calls this one as a method.
  const getTransitionData = machine.getTransitionData.bind(machine);
  return Object.assign(machine, {
    transition: (snapshot: unknown, event: EventObject, scope: Scope) =>
      during(event, () => transition(snapshot as never, event as never, scope as never)),
    getInitialSnapshot: (scope: Scope, input: { stamp?: Stamp } | undefined) =>
      during({ type: 'xstate.init', stamp: input?.stamp ?? first(scope.self) }, () =>
        getInitialSnapshot(scope as never, input as never),
      ),
    getTransitionData: (snapshot: unknown, event: Stamped) => {
      if (turn && event !== turn && Object.isExtensible(event)) event.stamp = turn.stamp;
      return getTransitionData(snapshot as never, event as never);
    },
  });
}

/** Whether a state has a transition that an event of this type could set off: its own, a wildcard, or an `always`. */
const mayChangeBy = (node: AnyStateNode, type: string): boolean =>
  node.always !== undefined ||
  [...node.transitions.keys()].some((each) => each === type || each.endsWith('*')) ||
  Object.values(node.states).some((state) => mayChangeBy(state, type));

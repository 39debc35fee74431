import type { AnyStateMachine, AnyStateNode, InspectionEvent } from 'xstate';

/** Counts which transitions of a chart have been taken, over any number of actors. */
export class TakenTransitions {
  private readonly taken = new Set<unknown>();

  constructor(private readonly machine: AnyStateMachine) {}

  /** To be given to `createActor` as `inspect`. */
  readonly inspect = (event: InspectionEvent): void => {
    if (event.type !== '@xstate.microstep') return;
    for (const transition of (event as { _transitions?: readonly unknown[] })._transitions ?? []) {
      this.taken.add(transition);
    }
  };

  /** Those that never were, as `state: event [guard]`. */
  get missing(): string[] {
    const missing: string[] = [];
    const visit = (node: AnyStateNode): void => {
      for (const transition of [...[...node.transitions.values()].flat(), ...(node.always ?? [])]) {
        if (this.taken.has(transition)) continue;
        const { guard, eventType } = transition as { guard?: unknown; eventType: string };
        const name = typeof guard === 'object' ? (guard as { type?: string } | null)?.type : guard;
        missing.push(`${node.path.join('.') || 'anywhere'}: ${eventType || 'at once'}${name ? ` [${name}]` : ''}`);
      }
      for (const child of Object.values(node.states)) visit(child);
    };
    visit(this.machine.root);
    return missing.sort();
  }
}

import type { AnyStateMachine } from 'xstate';

/**
 * A machine's configuration as the JSON text of the Stately inspection protocol: states in document order, functions
 * by name (INS-3).
 */
export function chartDefinition(machine: AnyStateMachine): string {
  return JSON.stringify(machine.config, (key, value: unknown) => {
    if (key === 'context' || key === 'types') return undefined;
    if (typeof value !== 'function') return value;
    const { type } = value as { type?: unknown };
    return { type: typeof type === 'string' ? type : value.name || 'function' };
  });
}

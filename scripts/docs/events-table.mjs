// Which events each machine takes, and in which states.
import { pathOf, statesOf, transitionsOf } from './chart.mjs';

/** A section with a table for each machine. */
export function eventTables(charts) {
  return charts
    .flatMap(({ machine }) => [
      `### ${machine.id}`,
      '',
      '| event | taken in |',
      '|---|---|',
      ...eventsOf(machine).map(([event, states]) => `| \`${event}\` | ${states.join(', ')} |`),
      '',
    ])
    .join('\n')
    .trimEnd();
}

/** Without what comes from the machine's own timers and effects. */
function eventsOf(machine) {
  const found = new Map();
  for (const node of statesOf(machine.root)) {
    for (const { event, isTimer, isInternal } of transitionsOf(node)) {
      if (isTimer || isInternal) continue;
      const states = found.get(event) ?? [];
      const state = node === machine.root ? 'any state' : `\`${pathOf(node)}\``;
      found.set(event, states.includes(state) ? states : [...states, state]);
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

// One page for each machine: its chart as a mermaid diagram, and a table of what each state waits for.
import { durationOf, effectsOf, pathOf, statesBelow, transitionsOf } from './chart.mjs';

/** The page of one machine; `source` is its file from the root of the project. */
export function chartPage({ machine, source, timings }) {
  return [
    `# ${machine.id}`,
    '',
    `Drawn from the machine in [\`${source}\`](../../${source}) by \`npm run docs\`.`,
    '',
    '```mermaid',
    ...diagram(machine),
    '```',
    '',
    '## What it waits for',
    '',
    ...waitsTable(machine),
    '',
    ...timings.flatMap((timing) => ['## Default times', '', ...timingTable(timing), '']),
  ].join('\n');
}

/** The list of all charts. */
export function chartIndex(charts) {
  return [
    '# Statecharts',
    '',
    'Each page is drawn from the machine that runs, by `npm run docs`.',
    '',
    '| chart | states | machine |',
    '|---|---|---|',
    ...charts.map(
      ({ machine, source }) =>
        `| [${machine.id}](${machine.id}.md) | ${statesBelow(machine).length} | [\`${source}\`](../../${source}) |`,
    ),
    '',
    'In the diagrams `/` stands before actions, `[ ]` around a guard, `do` before an effect that runs while the state is',
    'active; `connect done` and `connect failed` are the ends of the effect `connect`.',
    '',
  ].join('\n');
}

function diagram(machine) {
  const states = statesBelow(machine);
  const arrows = states.flatMap((node) =>
    transitionsOf(node)
      .filter(({ target }) => target)
      .map(arrowFrom(idOf(node))),
  );
  const fromAnywhere = transitionsOf(machine.root).filter(({ target }) => target);
  return [
    'stateDiagram-v2',
    ...levelOf(machine.root, '  '),
    ...arrows.map((arrow) => `  ${arrow}`),
    // Mermaid cannot draw an arrow from the whole chart.
    ...(fromAnywhere.length === 0
      ? []
      : [`  state "in any state" as any`, ...fromAnywhere.map(arrowFrom('any')).map((arrow) => `  ${arrow}`)]),
  ];
}

/** The states directly below one, each with what is below it. */
function levelOf(node, indent) {
  const children = Object.values(node.states);
  const initial = node.type === 'compound' ? [`${indent}[*] --> ${idOf(node.initial.target[0])}`] : [];
  const regions = children.map((child) => stateLines(child, indent));
  if (node.type !== 'parallel') return [...initial, ...regions.flat()];
  return regions.flatMap((lines, index) => (index === 0 ? lines : [`${indent}--`, ...lines]));
}

function stateLines(node, indent) {
  const id = idOf(node);
  const inside = effectsOf(node).map((effect) => `do ${effect}`);
  for (const { target, event, guard, actions } of transitionsOf(node)) {
    if (!target) inside.push(labelOf({ event, guard, actions: actions.length > 0 ? actions : ['ignored'] }));
  }
  const head = `${indent}state "${node.key}" as ${id}`;
  const ending = node.type === 'final' ? [`${indent}${id} --> [*]`] : [];
  if (Object.keys(node.states).length === 0) {
    return [head, ...inside.map((text) => `${indent}${id} : ${escaped(text)}`), ...ending];
  }
  const note = inside.length === 0 ? [] : [`${indent}note right of ${id} : ${inside.map(escaped).join('<br>')}`];
  return [`${head} {`, ...levelOf(node, `${indent}  `), `${indent}}`, ...note];
}

const arrowFrom = (id) => (transition) => `${id} --> ${idOf(transition.target)} : ${escaped(labelOf(transition))}`;

/** Mermaid ids are global and take no dots. */
const idOf = (node) => node.path.join('__').replaceAll(/[^\w]/g, '_');

function labelOf({ event, guard, actions }) {
  return [event || 'at once', guard && `[${guard}]`, actions.length > 0 && `/ ${actions.join(', ')}`]
    .filter(Boolean)
    .join(' ');
}

/** A colon would end the label, a semicolon the statement. */
const escaped = (text) =>
  text
    .replaceAll('#', '#35;')
    .replaceAll(':', '#58;')
    .replaceAll(/(?<!#\d\d);/g, '#59;');

function waitsTable(machine) {
  const waiting = statesBelow(machine).filter((node) => node.meta?.waitsFor !== undefined);
  if (waiting.length === 0) return ['Nothing: no state of this chart waits.'];
  return [
    '| state | waits for | ended by | if nothing comes |',
    '|---|---|---|---|',
    ...waiting.map((node) => {
      const ends = leaving(node);
      const events = ends.filter(({ isTimer }) => !isTimer).map(({ event, guard }) => code(event, guard));
      const timers = ends
        .filter(({ isTimer }) => isTimer)
        .map(({ event, target }) => `${event}: \`${pathOf(target)}\``);
      const cells = [
        code(pathOf(node)),
        node.meta.waitsFor,
        [...new Set(events)].join(', '),
        timers.length > 0 ? timers.join(', ') : 'it waits on',
      ];
      return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
    }),
  ];
}

/** What leads out of a state, in the state itself or, where that does not take the event, in one that holds it. */
function leaving(node) {
  const found = [];
  const taken = new Set();
  for (let at = node; at; at = at.parent) {
    const transitions = transitionsOf(at).filter(({ event }) => !taken.has(event));
    found.push(...transitions.filter(({ target }) => target && target !== node && !isWithin(target, node)));
    for (const { event, guard } of transitions) if (!guard) taken.add(event);
  }
  return found;
}

const isWithin = (node, holder) =>
  node.path.length > holder.path.length && holder.path.every((step, i) => node.path[i] === step);

const code = (text, guard) => `\`${text || 'at once'}\`${guard ? ` if \`${guard}\`` : ''}`;

function timingTable(timing) {
  const rows = Object.entries(timing).map(([name, ms]) => `| \`${name}\` | ${durationOf(ms)} |`);
  return ['| name | time |', '|---|---|', ...rows];
}

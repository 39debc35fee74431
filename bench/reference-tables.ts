import { REFERENCE } from './reference-servers.js';

/** By party, a value for each round. */
export type Values = Map<string, number[]>;

export const note = (values: Values, name: string, value: number): void => {
  const known = values.get(name);
  if (known) known.push(value);
  else values.set(name, [value]);
};

function spread(values: readonly number[], digits: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return [sorted[0] ?? Number.NaN, middle, sorted.at(-1) ?? Number.NaN]
    .map((value) => value.toFixed(digits).padStart(9))
    .join('');
}

/** One table: what was measured of each, and ratios to the reference of the same round. */
export function print(title: string, unit: string, values: Values, ratio?: 'its/ours' | 'ours/its'): void {
  console.log(`\n  ${title.padEnd(46)}      min   median      max`);
  const its = values.get(REFERENCE.name) ?? [];
  for (const [name, each] of values) {
    console.log(`    ${name.padEnd(36)}${unit.padStart(8)}${spread(each, each[0] && each[0] < 10 ? 2 : 1)}`);
    if (name === REFERENCE.name || !ratio) continue;
    const ratios = each.map((value, round) => {
      const other = its[round] ?? Number.NaN;
      return ratio === 'its/ours' ? other / value : value / other;
    });
    console.log(`    ${''.padEnd(36)}${'×'.padStart(8)}${spread(ratios, 2)}`);
  }
}

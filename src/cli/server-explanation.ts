import type { Explained } from '../config/explain.js';
import type { ServerExplanation } from '../hub-config.js';

/** An explained `server_config.json`, and the values in it that nobody set. */
export interface ExplainedServer extends ServerExplanation {
  readonly defaults: readonly Pick<Explained, 'pointer' | 'value'>[];
}

const MADE_HERE = 'made by the server, so nothing is acknowledged';

/** What a `server_config.json` means, for people. */
export function renderServer({ routes, sections, environment, differences, defaults }: ExplainedServer): string {
  const parts: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
    [
      'Records',
      routes.flatMap(({ topic, to, acknowledged }) => [
        ...to.map(({ dispatcher, where }, index) => [index === 0 ? topic : '', `${dispatcher}: ${where}`] as const),
        ['', acknowledged === undefined ? MADE_HERE : `acknowledged ${acknowledged}`] as const,
      ]),
    ],
    [
      'Keys',
      sections.map(({ key, state, what }) => [key, state === 'used' ? what : `${state.toUpperCase()}: ${what}`]),
    ],
    ['Defaults in effect', defaults.map(({ pointer, value }) => [dotted(pointer), JSON.stringify(value)])],
    ['Environment', environment.map(({ name, isSet, what }) => [name, `${what} (${isSet ? 'set' : 'not set'})`])],
    [
      'Differs from the reference',
      differences.map(({ rule, what, asReference }) => [
        rule,
        asReference === undefined ? what : `${what} (as there: fleetchart.${asReference})`,
      ]),
    ],
  ];
  return parts.flatMap(([title, rows]) => (rows.length === 0 ? [] : [`${title}\n${table(rows)}`])).join('\n\n');
}

const dotted = (pointer: string): string => pointer.slice(1).replaceAll('/', '.');

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`).join('\n');
}

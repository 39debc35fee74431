/** Desired states as a person writes them: an example to begin with, and what is wrong with one before it is sent. */

import { jsonMistake } from './json-mistake.js';

export type Checked =
  | { readonly ok: true; readonly activityId: string; readonly domains: readonly string[] }
  /** `at`: where in the text, if that is known. */
  | { readonly ok: false; readonly detail: string; readonly at?: number };

/** What the API takes at most. */
export const LONGEST_BYTES = 1_048_576;

/** A desired state in its envelope, for the domains that a vehicle has. */
export function exampleOf(activityId: string, domains: readonly string[]): string {
  const wanted = domains.includes('containers') || !domains.includes('self-update') ? [CONTAINERS] : [OS_IMAGE];
  const text = JSON.stringify({ activityId, payload: { domains: wanted } }, null, 2);
  // A pair of key and value reads best in one line.
  return text.replaceAll(/\{\s+("key": .*),\s+("value": .*)\s+\}/g, '{ $1, $2 }');
}

const CONTAINERS = {
  id: 'containers',
  components: [
    {
      id: 'hello',
      version: '1.0',
      config: [
        { key: 'image', value: 'docker.io/library/hello:1.0' },
        { key: 'restartPolicy', value: 'unless-stopped' },
      ],
    },
  ],
};

const OS_IMAGE = {
  id: 'self-update',
  components: [
    { id: 'os-image', version: '1.1', config: [{ key: 'image', value: 'https://bundles.example/os-1.1.tar' }] },
  ],
};

/** The same text under another activity: an id is used once. */
export function withActivity(text: string, activityId: string): string {
  return text.replace(
    /("activityId"\s*:\s*)"(?:[^"\\]|\\.)*"/,
    (_, before: string) => `${before}${JSON.stringify(activityId)}`,
  );
}

export function checkDesiredState(text: string): Checked {
  if (text.trim() === '') return refused('There is nothing to send. The example is a start.');
  if (new TextEncoder().encode(text).length > LONGEST_BYTES) return refused('It is larger than 1 MiB.');
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    const { at, expected } = jsonMistake(text) ?? { at: 0, expected: 'it cannot be read' };
    return { ok: false, detail: `This is no JSON at ${placeWords(text, at)}: ${expected}.`, at };
  }
  if (!isObject(message)) return refused('It must be an object with activityId and payload.');
  const { activityId, payload } = message;
  if (typeof activityId !== 'string' || activityId === '')
    return refused('activityId must be a text: it names the update.');
  if (!isObject(payload)) return refused('payload must be an object: the desired state, with its domains.');
  const { domains, baselines } = payload;
  if (!Array.isArray(domains) || domains.length === 0) {
    return refused('payload.domains must list at least one domain: nothing is to be done otherwise.');
  }
  if (baselines !== undefined && !Array.isArray(baselines)) return refused('payload.baselines must be a list.');
  const wrong = first(domains, (domain, index) => domainProblem(domain, `payload.domains[${index}]`));
  if (wrong !== undefined) return refused(wrong);
  return { ok: true, activityId, domains: domains.map(({ id }: { id: string }) => id) };
}

/** `line 3, column 14` of a place in a text. */
export function placeWords(text: string, at: number): string {
  const before = text.slice(0, at).split('\n');
  return `line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`;
}

function domainProblem(domain: unknown, path: string): string | undefined {
  if (!isObject(domain)) return `${path} must be an object.`;
  if (!isText(domain['id'])) return `${path}.id must name the domain.`;
  const { components = [], config = [] } = domain;
  if (!Array.isArray(components)) return `${path}.components must be a list.`;
  return (
    configProblem(config, `${path}.config`) ??
    first(components, (component, index) => componentProblem(component, `${path}.components[${index}]`))
  );
}

function componentProblem(component: unknown, path: string): string | undefined {
  if (!isObject(component)) return `${path} must be an object.`;
  if (!isText(component['id'])) return `${path}.id must name the component.`;
  const { version = '', config = [] } = component;
  if (typeof version !== 'string') return `${path}.version must be a text, in quotes.`;
  return configProblem(config, `${path}.config`);
}

function configProblem(config: unknown, path: string): string | undefined {
  if (!Array.isArray(config)) return `${path} must be a list of { "key", "value" }.`;
  return first(config, (pair, index) => {
    if (!isObject(pair) || !isText(pair['key'])) return `${path}[${index}].key must be a text.`;
    return typeof pair['value'] === 'string' ? undefined : `${path}[${index}].value must be a text, in quotes.`;
  });
}

function first(items: readonly unknown[], problem: (item: unknown, index: number) => string | undefined) {
  for (const [index, item] of items.entries()) {
    const found = problem(item, index);
    if (found !== undefined) return found;
  }
  return undefined;
}

const refused = (detail: string): Checked => ({ ok: false, detail });
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

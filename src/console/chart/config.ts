/**
 * Reads the parts of a machine's configuration that a chart shows. A definition comes over the wire, so every field is
 * taken as unknown and what has not the expected shape is passed over.
 */
export type Config = Readonly<Record<string, unknown>>;

export function asConfig(value: unknown): Config | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Config) : undefined;
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function asList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}

/** The name of an action, guard or logic: a string, or an object with its `type`, `src` or `id`. */
export function nameOf(value: unknown): string | undefined {
  if (typeof value === 'string') return asText(value);
  const config = asConfig(value);
  return config && (asText(config['type']) ?? asText(config['src']) ?? asText(config['id']));
}

/** XState's own action creators: they say how, not what, so a chart leaves them out. */
const BUILT_IN = new Set([
  '',
  'assign',
  'emit',
  'raise',
  'sendTo',
  'sendParent',
  'forwardTo',
  'log',
  'cancel',
  'spawnChild',
]);

export function actionNames(value: unknown): readonly string[] {
  return asList(value)
    .map(nameOf)
    .filter((name): name is string => name !== undefined && !BUILT_IN.has(name) && name !== 'enqueueActions');
}

/** A guard in words; combined guards are named where the definition carries their parts. */
export function guardName(value: unknown): string | undefined {
  const name = nameOf(value);
  const parts = asList(asConfig(value)?.['guards'])
    .map(guardName)
    .filter((part): part is string => part !== undefined);
  if (parts.length === 0) return name;
  if (name === 'not') return `not ${parts[0]}`;
  return parts.join(name === 'or' ? ' or ' : ' and ');
}

import assert from 'node:assert/strict';
import {
  type Container,
  type ContainerConfig,
  type ContainerDraft,
  completeConfig,
  NEW_STATE,
  parametersOf,
  RUNTIME_KEYS,
  readWishes,
  type Wishes,
} from '../../../src/protocols/containers/index.js';
import type { DesiredComponent, DesiredState } from '../../../src/protocols/update-agent/index.js';

export const DOMAIN = 'containers';

/** A container `map` of defaults, but for what is said. */
export function configOf(draft: Partial<ContainerDraft> = {}): ContainerConfig {
  const completed = completeConfig({ name: 'map', image: 'reg.example.com/veh/map:2.1', ...draft });
  assert.ok(completed.ok, completed.ok ? '' : completed.error.detail);
  return completed.value;
}

export const containerOf = (draft: Partial<ContainerDraft> = {}, rest: Partial<Container> = {}): Container => ({
  id: `id-of-${draft.name ?? 'map'}`,
  config: configOf(draft),
  state: { ...NEW_STATE, status: 'Running', pid: 1 },
  created: '2025-01-01T00:00:00.123456789Z',
  restartCount: 0,
  manuallyStopped: false,
  startedBefore: true,
  ...rest,
});

/** A component with its configuration as pairs, in their order. */
export const componentOf = (id: string, version: string, ...pairs: readonly [string, string][]): DesiredComponent => ({
  id,
  version,
  config: pairs.map(([key, value]) => ({ key, value })),
});

export const stateOf = (...components: DesiredComponent[]): DesiredState => ({ domains: [{ id: DOMAIN, components }] });

export function wishesOf(state: DesiredState, system: readonly string[] = []): Wishes {
  const read = readWishes(state, DOMAIN, system);
  assert.ok(read.ok, read.ok ? '' : read.error.detail);
  return read.value;
}

/** The text of `IDENTIFICATION_FAILED`. */
export function refusalOf(state: DesiredState | undefined, domain = DOMAIN): string {
  const read = readWishes(state, domain, []);
  assert.ok(!read.ok, 'the desired state is taken');
  return read.error.detail;
}

/** What `map` of version 2.1 becomes with these entries, or why not, without what stands before the reason; and warnings. */
export function read(...pairs: readonly [string, string][]): {
  readonly config?: ContainerConfig;
  readonly reason?: string;
  readonly warnings: readonly string[];
} {
  const result = readWishes(stateOf(componentOf('map', '2.1', ...pairs)), DOMAIN, []);
  if (!result.ok) {
    const before =
      'cannot convert desired state components to container configurations: invalid configuration for container map: ';
    assert.ok(result.error.detail.startsWith(before), result.error.detail);
    return { reason: result.error.detail.slice(before.length), warnings: [] };
  }
  const [wish] = result.value.wishes;
  assert.ok(wish);
  return { config: wish.config, warnings: result.value.warnings };
}

/** A container's parameters in an inventory, those alone that desired states take. */
export const parameterPairs = (config: ContainerConfig): [string, string][] =>
  parametersOf({ ...containerOf(), config }, false)
    .map(({ key = '', value = '' }): [string, string] => [key, value])
    .filter(([key]) => !RUNTIME_KEYS.some((runtimeKey) => runtimeKey === key));

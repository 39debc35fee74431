import type { Loaded } from './load.js';
import type { Mistake } from './mistake.js';
import { fromPointer, type Path, toPointer } from './pointer.js';
import { nodeOf } from './schema.js';
import { describeSource, Sources } from './sources.js';
import { childValue, fillDefaults, isTree, valueAt } from './tree.js';

/** What a section says of itself beyond types; pointers are relative to the section. */
export interface Finding extends Omit<Mistake, 'where'> {
  /** Other values that the finding rests on. */
  readonly dependsOn?: readonly string[];
}

/** What a section comes to. */
export type Resolution<T> =
  | { readonly ok: true; readonly value: T; readonly warnings: readonly Finding[] }
  | { readonly ok: false; readonly mistakes: readonly Finding[]; readonly warnings: readonly Finding[] };

export interface Resolved<T> {
  /** Undefined if the section has mistakes, or is absent. */
  readonly value: T | undefined;
  readonly mistakes: readonly Mistake[];
  readonly warnings: readonly Mistake[];
}

/**
 * Lets a section check what its types cannot say, although some of its values may be mistaken: those are taken out
 * first, and findings that rest on one of them are left out, so that one mistake is reported once.
 */
export function resolveSection<S, T>(loaded: Loaded, at: Path, resolve: (section: S) => Resolution<T>): Resolved<T> {
  const { unsound } = loaded;
  const sound = unsound.reduce((root, pointer) => without(root, fromPointer(pointer)) ?? {}, loaded.value);
  const section = valueAt(fillDefaults(sound, nodeOf(loaded.schema), [], new Sources()), at);
  if (section === undefined) return { value: undefined, mistakes: [], warnings: [] };
  const result = resolve(section as S);
  const prefix = toPointer(at);
  const settle = (findings: readonly Finding[]): Mistake[] => {
    const own = findings.filter(({ pointer, dependsOn = [] }) =>
      [pointer, ...dependsOn].every((used) => !unsound.some((other) => related(prefix + used, other))),
    );
    return own.map(({ dependsOn: _, ...finding }) => ({ ...finding, pointer: prefix + finding.pointer }));
  };
  const mistakes = result.ok ? [] : settle(result.mistakes);
  const isSound = result.ok && !unsound.some((pointer) => related(prefix, pointer));
  return { value: isSound ? result.value : undefined, mistakes, warnings: settle(result.warnings) };
}

/** Everything that is to be said of a configuration, with the places it came from, in the order of the file. */
export function report(loaded: Loaded, sections: readonly Resolved<unknown>[]) {
  return {
    mistakes: located([...loaded.mistakes, ...sections.flatMap((section) => section.mistakes)], loaded.sources),
    warnings: located([...loaded.warnings, ...sections.flatMap((section) => section.warnings)], loaded.sources),
  };
}

function located(mistakes: readonly Mistake[], sources: Sources): Mistake[] {
  const placed = mistakes.map((mistake) => {
    const source = mistake.where === undefined ? sources.of(fromPointer(mistake.pointer)) : undefined;
    const place = source?.kind === 'file' ? source.position : undefined;
    const where = source && source.kind !== 'default' ? describeSource(source) : undefined;
    return {
      mistake: where === undefined ? mistake : { ...mistake, where },
      line: place?.line ?? 0,
      column: place?.column ?? 0,
    };
  });
  return placed.sort((a, b) => a.line - b.line || a.column - b.column).map(({ mistake }) => mistake);
}

/** Whether one of two pointers is the other or lies within it. */
function related(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}

/** A copy without the value at a path; of a list, the whole goes, for the places of its other items must not shift. */
function without(node: unknown, [key, ...rest]: Path): unknown {
  if (key === undefined || Array.isArray(node)) return undefined;
  if (!isTree(node)) return node;
  const { [key]: _, ...others } = node;
  const child = rest.length === 0 ? undefined : without(childValue(node, key), rest);
  return child === undefined ? others : { ...others, [key]: child };
}

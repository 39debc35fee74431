import { cycles } from './cycles.js';
import { builtinsOf, isMachine, mayImport, type Place, packagesOf, placeOf, resolveImport } from './layers.js';
import { lineAt, parseSource, type Source, type SourceFile } from './source.js';

/** A line that breaks a rule. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly text: string;
  readonly rule: string;
}

/** Every line of `files` that breaks a rule of ARCHITECTURE section 2. */
export function violations(files: readonly SourceFile[]): Violation[] {
  const sources = files.map(parseSource);
  return [
    ...sources.flatMap((source) => [...ofImports(source), ...ofCode(source)]),
    ...ofNames(files),
    ...ofCycles(sources),
  ];
}

/** `src/path:line: rule`, and the line itself. */
export function renderViolation({ path, line, text, rule }: Violation): string {
  return `src/${path}:${line}: ${rule}\n    ${text}`;
}

function ofImports(source: Source): Violation[] {
  const from = placeOf(source.path);
  return source.imports.flatMap(({ specifier, isType, line }) => {
    const rule = specifier.startsWith('.')
      ? brokenLayer(from, placeOf(resolveImport(source.path, specifier)), isType)
      : brokenPackage(from, specifier, isType);
    return rule === undefined ? [] : violation(source, line, rule);
  });
}

function brokenLayer(from: Place, to: Place, isType: boolean): string | undefined {
  const verdict = mayImport(from, to);
  if (verdict === 'yes' || (verdict === 'types' && isType)) return undefined;
  return verdict === 'types' ? `${from.layer} imports ${to.path} for its types only: import type` : verdict.no;
}

function brokenPackage(from: Place, specifier: string, isType: boolean): string | undefined {
  if (specifier.startsWith('node:')) {
    const allowed = builtinsOf(from);
    if (allowed === undefined || allowed.includes(specifier) || isType) return undefined;
    return `${isMachine(from.path) ? 'a machine' : from.layer} may not use ${specifier}`;
  }
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  const { values, types } = packagesOf(from);
  if (values.includes(name) || (isType && types.includes(name))) return undefined;
  return `the package ${name} does not belong in this file of ${from.layer}`;
}

interface CodeRule {
  readonly pattern: RegExp;
  readonly rule: string;
  applies(place: Place): boolean;
}

const isPure = (place: Place) => place.layer === 'protocols' || isMachine(place.path);
const codeRules: readonly CodeRule[] = [
  {
    pattern: /\bexport\s+default\b|\bas\s+default\b/g,
    rule: 'named exports only',
    applies: () => true,
  },
  {
    pattern: /(?<![.\w$])console\s*\./g,
    rule: 'console belongs to main.ts and cli/; elsewhere there is the log',
    applies: ({ layer }) => layer !== 'main' && layer !== 'cli',
  },
  {
    pattern: /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bprocess\.hrtime\b/g,
    rule: 'pure code takes the time as an argument',
    applies: isPure,
  },
  {
    pattern: /\bMath\.random\b|\brandom(?:UUID|Bytes|Int)\b|\bgetRandomValues\b/g,
    rule: 'pure code takes randomness as an argument',
    applies: isPure,
  },
  {
    pattern: /(?<![.\w$])(?:setTimeout|setInterval|setImmediate)\s*\(/g,
    rule: 'pure code has no timers; a machine has delayed transitions',
    applies: isPure,
  },
  {
    pattern: /\bprocess\.(?:env|stdout|stderr|cwd|exit)\b/g,
    rule: 'pure code knows nothing of the process around it',
    applies: isPure,
  },
  {
    pattern: /(?<![.\w$])setInterval\s*\(/g,
    rule: 'no setInterval: the next wait begins when the last is over',
    applies: (place) => place.layer !== 'browser' && !isPure(place),
  },
];

function ofCode(source: Source): Violation[] {
  const place = placeOf(source.path);
  return codeRules
    .filter((rule) => rule.applies(place))
    .flatMap(({ pattern, rule }) =>
      [...source.code.matchAll(pattern)].flatMap((match) => violation(source, lineAt(source.code, match), rule)),
    );
}

const drawers = new Set(['utils', 'util', 'common', 'lib', 'helpers', 'shared', 'misc']);

function ofNames(files: readonly SourceFile[]): Violation[] {
  return files.flatMap((file) => {
    const drawer = file.path.split('/').find((part) => drawers.has(part.replace(/\.ts$/, '')));
    if (drawer !== undefined) return violation(file, 1, `no ${drawer}: a helper lives beside its first user`);
    const isKebab = file.path.split('/').every((part) => /^[a-z0-9]+([-.][a-z0-9]+)*$/.test(part));
    return isKebab ? [] : violation(file, 1, 'file names are kebab-case');
  });
}

/** No file imports itself by detours; nor does an actor folder or a protocol, not even for types. */
function ofCycles(sources: readonly Source[]): Violation[] {
  const byFile = edges(sources, ({ path }) => path, false);
  const isFolder = ({ layer }: Place) => layer === 'actors' || layer === 'protocols';
  const byFolder = edges(sources, (place) => (isFolder(place) ? place.folder : undefined), true);
  return [...cycles(byFile), ...cycles(byFolder)].flatMap(({ nodes, through }) =>
    violation(through.source, through.line, `imports go in a circle: ${nodes.join(' → ')}`),
  );
}

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly source: Source;
  readonly line: number;
}

/** Who imports whom among what `nodeOf` names. */
function edges(sources: readonly Source[], nodeOf: (place: Place) => string | undefined, withTypes: boolean): Edge[] {
  return sources.flatMap((source) =>
    source.imports.flatMap(({ specifier, isType, line }) => {
      if (!specifier.startsWith('.') || (isType && !withTypes)) return [];
      const from = nodeOf(placeOf(source.path));
      const to = nodeOf(placeOf(resolveImport(source.path, specifier)));
      return from === undefined || to === undefined || from === to ? [] : [{ from, to, source, line }];
    }),
  );
}

function violation(file: SourceFile, line: number, rule: string): Violation[] {
  return [{ path: file.path, line, text: (file.text.split('\n')[line - 1] ?? '').trim(), rule }];
}

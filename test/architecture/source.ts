import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A source file with its path below `src/`. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export interface Import {
  readonly specifier: string;
  /** Erased by the compiler: nothing of it is there at run time. */
  readonly isType: boolean;
  /** Loaded when it is called for, by `import()`. */
  readonly isLazy: boolean;
  readonly line: number;
}

/** A file as the rules read it. */
export interface Source extends SourceFile {
  readonly imports: readonly Import[];
  /** The text without comments and without what strings say; lines stay where they are. */
  readonly code: string;
}

export function readSources(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(folder, path), 'utf8') }));
}

export function parseSource(file: SourceFile): Source {
  const { withoutComments, code } = blank(file.text);
  return { ...file, code, imports: importsOf(withoutComments) };
}

const statement = /^[ \t]*(?:import|export)\s+(type\s+)?(?:[\w$*{}\s,]+?\s+from\s+)?(['"])([^'"\n]+)\2/gm;
const dynamicImport = /\bimport\(\s*(['"])([^'"\n]+)\1\s*\)/g;

function importsOf(text: string): Import[] {
  const found: Import[] = [];
  for (const match of text.matchAll(statement)) {
    found.push({ specifier: match[3] ?? '', isType: match[1] !== undefined, isLazy: false, line: lineAt(text, match) });
  }
  for (const match of text.matchAll(dynamicImport)) {
    found.push({ specifier: match[2] ?? '', isType: false, isLazy: true, line: lineAt(text, match) });
  }
  return found;
}

/** The line of the first character that is no space. */
export function lineAt(text: string, match: RegExpMatchArray): number {
  const indent = /^\s*/.exec(match[0])?.[0].length ?? 0;
  return text.slice(0, (match.index ?? 0) + indent).split('\n').length;
}

/** Replaces comments, and in `code` also the inside of strings, templates and regular expressions, by spaces. */
function blank(text: string): { withoutComments: string; code: string } {
  const token =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|(?<=[=(,:!&|?[{;}\n]\s*|return\s+)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/g;
  const spaces = (part: string) => part.replaceAll(/[^\n]/g, ' ');
  const isComment = (part: string) => part.startsWith('//') || part.startsWith('/*');
  return {
    withoutComments: text.replaceAll(token, (part) => (isComment(part) ? spaces(part) : part)),
    code: text.replaceAll(token, (part) => (part.startsWith('`') ? blankTemplate(part, spaces) : spaces(part))),
  };
}

/** What a template computes is code. */
function blankTemplate(template: string, spaces: (part: string) => string): string {
  return template
    .split(/(\$\{[^}]*\})/)
    .map((part) => (part.startsWith('${') ? part : spaces(part)))
    .join('');
}

import { closeSync, openSync, readSync } from 'node:fs';
import { placeOfJsonMistake } from './json-place.js';
import type { Mistake, MistakeCode } from './mistake.js';
import { type Path, toPointer } from './pointer.js';
import type { Position } from './sources.js';
import { YamlMistake, YamlText } from './yaml-text.js';

/** Largest configuration file that is read. */
export const maxFileBytes = 1024 * 1024;
/** Deepest nesting of lists and objects. */
export const maxDepth = 32;

/** A parsed file: its value, and where in the text a path's key stands. */
export interface ParsedFile {
  readonly path: string;
  readonly value: unknown;
  locate(path: Path): Position | undefined;
}

export type ReadResult =
  | { readonly ok: true; readonly value: ParsedFile }
  | { readonly ok: false; readonly error: Mistake };

/** Reads one YAML or JSON file within the bounds above. */
export function readConfigFile(path: string): ReadResult {
  let text: string | undefined;
  try {
    text = readBounded(path, maxFileBytes);
  } catch (error) {
    return failed('CONFIG_UNREADABLE', path, `cannot be read (${reason(error)})`, 'check the path and its permissions');
  }
  if (text === undefined) {
    return failed(
      'CONFIG_TOO_LARGE',
      path,
      `larger than ${maxFileBytes} bytes`,
      'a configuration is a small text file',
    );
  }
  return parseConfigText(path, text);
}

/** Parses YAML 1.2 (which JSON is a part of); a file named `.json` must be JSON. */
function parseConfigText(path: string, text: string): ReadResult {
  try {
    if (opensTooMuch(text)) return failed('CONFIG_SYNTAX', path, 'nested too deeply');
    const yaml = new YamlText(text);
    const value = path.endsWith('.json') ? JSON.parse(text) : yaml.value();
    const broken = unsafePart(value, []);
    if (broken) return failed('CONFIG_SYNTAX', path, `${toPointer(broken.path)}: ${broken.what}`);
    return { ok: true, value: { path, value, locate: (keys) => yaml.locate(keys) } };
  } catch (error) {
    if (error instanceof YamlMistake)
      return failed('CONFIG_SYNTAX', `${path}:${error.place}`, error.message, error.hint);
    if (error instanceof RangeError) return failed('CONFIG_SYNTAX', path, 'nested too deeply');
    if (!path.endsWith('.json')) return failed('CONFIG_SYNTAX', path, syntax(error));
    const place = `${path}:${placeOfJsonMistake(text)}`;
    return failed('CONFIG_SYNTAX', place, syntax(error), text.trim() === '' ? EMPTY_HINT : JSON_HINT);
  }
}

const EMPTY_HINT = 'the file is empty: write {} for the defaults';
const JSON_HINT = 'check quotes, commas and brackets; the file may have been cut off, and JSON has no comments';

/** Up to `limitBytes` of a file as text, or undefined if it holds more. Works on pipes, too, whose size is unknown. */
export function readBounded(path: string, limitBytes: number): string | undefined {
  const buffer = Buffer.alloc(limitBytes + 1);
  const file = openSync(path, 'r');
  try {
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(file, buffer, length, buffer.length - length, null);
    }
    return length > limitBytes ? undefined : buffer.toString('utf8', 0, length);
  } finally {
    closeSync(file);
  }
}

const compactMarks = new RegExp(`(?:[-?:][ \\t]+){${4 * maxDepth}}`);

/**
 * Whether brackets, or list and key marks on one line, open so many levels that parsing them would cost seconds and
 * the stack. Brackets in text count too, which no configuration has so many of.
 */
function opensTooMuch(text: string): boolean {
  let open = 0;
  for (const character of text) {
    if (character === '[' || character === '{') open += 1;
    else if (character === ']' || character === '}') open = Math.max(0, open - 1);
    if (open > 4 * maxDepth) return true;
  }
  return compactMarks.test(text);
}

/** The first part that nests deeper than allowed, or whose key would reach an object's prototype. */
function unsafePart(value: unknown, path: Path): { path: Path; what: string } | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (path.length >= maxDepth) return { path, what: 'nested too deeply' };
  for (const [key, child] of Object.entries(value)) {
    const below = [...path, key];
    const broken = key === '__proto__' ? { path: below, what: 'this key is not allowed' } : unsafePart(child, below);
    if (broken) return broken;
  }
  return undefined;
}

function failed(code: MistakeCode, path: string, message: string, hint?: string): ReadResult {
  return { ok: false, error: { code, pointer: '', message, where: path, ...(hint === undefined ? {} : { hint }) } };
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * What is wrong with a text, without its place, which is told apart, and without the part that the parser of JSON
 * repeats: that may be a password.
 */
const syntax = (error: unknown): string =>
  reason(error)
    .replace(/, (?:\.{3})?".*is not valid JSON$/s, '')
    .replace(/ at position \d+(?: \(line \d+ column \d+\))?$/, '');

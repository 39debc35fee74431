/** A peer's configuration file as its Go process reads it: names match in any case, and `null` is absence. */
import { isObject } from '../json-object.js';
import { memberOf } from './go-json.js';

/** One thing wrong with a key, or remarkable. */
export interface SettingsFinding {
  /** `connection.keepAlive`; of a variable or flag, its name. */
  readonly key: string;
  readonly message: string;
}

/** All mistakes at once. */
export type SettingsResult<Settings> =
  | { readonly ok: true; readonly value: Settings; readonly warnings: readonly SettingsFinding[] }
  | {
      readonly ok: false;
      readonly mistakes: readonly SettingsFinding[];
      readonly warnings: readonly SettingsFinding[];
    };

export const mistaken = (key: string, expected: string, value: unknown): SettingsFinding => ({
  key,
  message: `expected ${expected}, got ${JSON.stringify(value)}`,
});

/** Told instead of what is a secret, or may hold one. */
export const NOT_SHOWN = '(not shown)';

/** What stands before an `@` may be a password. */
export const notUrl = (key: string, text: string): SettingsFinding =>
  mistaken(key, 'a URL', text.includes('@') ? NOT_SHOWN : text);

export const notDuration = (key: string, text: string, byDefault: string): SettingsFinding => ({
  key,
  message: `${JSON.stringify(text)} is no duration; it is ${byDefault}`,
});

export const unknownKey = (key: string): SettingsFinding => ({ key, message: 'there is no such key; it is ignored' });

/** The value at a path. */
export function settingAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const name of path) {
    if (!isObject(value)) return undefined;
    value = memberOf(value, name);
  }
  return value ?? undefined;
}

/** A kind of value in a file: whether something is one, and what is expected. */
export type SettingKind = readonly [isOne: (value: unknown) => boolean, expected: string];

const isText = (value: unknown): boolean => typeof value === 'string';

export const SETTING_KINDS = {
  text: [isText, 'a string'],
  duration: [isText, 'a duration such as "30s"'],
  flag: [(value) => typeof value === 'boolean', 'true or false'],
  count: [Number.isInteger, 'an integer'],
  list: [(value) => Array.isArray(value) && value.every(isText), 'a list of strings'],
  pairs: [(value) => isObject(value) && Object.values(value).every(isText), 'an object of strings'],
} as const satisfies Readonly<Record<string, SettingKind>>;

/** A whole number of a flag or a variable. */
export const parseCount = (text: string): number | undefined => (/^[+-]?\d+$/.test(text) ? Number(text) : undefined);

/** The items of a flag or a variable. */
export const splitList = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

import { createHash } from 'node:crypto';

/** What an instance is to its name (ENG-2). */
export type InstanceRole = 'current' | 'pending' | 'old';

const MARKS = { pending: 'new', old: 'old' } as const;
const SHORT = /^[a-zA-Z0-9_-]{1,8}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const MARKED = /^(.+)\.(new|old)-([a-zA-Z0-9_-]{1,8})$/;
const ID_LENGTH = 8;

/** Eight characters at most that tell activities apart in names: its own if there are no more, else the first of a UUID, else a hash. */
export function shortActivity(activity: string): string {
  if (SHORT.test(activity)) return activity;
  if (UUID.test(activity)) return activity.slice(0, 8).toLowerCase();
  return createHash('sha256').update(activity).digest('hex').slice(0, 8);
}

/** What engines call an instance of a container; they take no `_` in front (POD-7). */
export function engineName(name: string, role: InstanceRole, activity: string): string {
  const plain = name.startsWith('_') ? `x${name}` : name;
  return role === 'current' ? plain : `${plain}.${MARKS[role]}-${shortActivity(activity)}`;
}

/** For one more container of a name that another has (CTR-10). */
export const secondEngineName = (engineNameTaken: string, id: string): string =>
  `${engineNameTaken}.${id.slice(0, ID_LENGTH)}`;

/** Name and role by what an engine calls an instance, where nothing else is known any more (ENG-1). */
export function readEngineName(
  engineNameOf: string,
  id: string,
): { readonly name: string; readonly role: InstanceRole } {
  const suffix = `.${id.slice(0, ID_LENGTH)}`;
  const isSecond = engineNameOf.endsWith(suffix) && engineNameOf.length > suffix.length;
  const own = isSecond ? engineNameOf.slice(0, -suffix.length) : engineNameOf;
  const [, base = own, mark] = MARKED.exec(own) ?? [];
  const name = base.startsWith('x_') ? base.slice(1) : base;
  return { name, role: mark === undefined ? 'current' : mark === 'new' ? 'pending' : 'old' };
}

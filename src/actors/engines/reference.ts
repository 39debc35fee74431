/** `2.1` of `host:5000/veh/map:2.1`; empty without one. */
export function tagOf(reference: string): string {
  const name = reference.split('@')[0] ?? '';
  const last = name.slice(name.lastIndexOf('/') + 1);
  const colon = last.indexOf(':');
  return colon < 0 ? '' : last.slice(colon + 1);
}

/** `sha256:…` of a reference that is pinned to one. */
export function digestOf(reference: string): string | undefined {
  const at = reference.indexOf('@');
  return at < 0 ? undefined : reference.slice(at + 1);
}

/** What stands before the first `/` (REG-2): a registry has to be named, there is no default. */
export function registryOf(reference: string): string {
  return reference.split('/', 1)[0] ?? '';
}

import type { Result } from '../result.js';
import { quoted } from './validation.js';

/** What a name in a container's hosts file stands for (§A.3, key `host`). */
export type HostTarget =
  | { readonly kind: 'address'; readonly address: string }
  /** The host in the bridge network. */
  | { readonly kind: 'host' }
  /** The first address of an interface of the host. */
  | { readonly kind: 'interface'; readonly interface: string }
  /** The address of the container that has this host name. */
  | { readonly kind: 'container'; readonly hostName: string };

export interface ExtraHost {
  readonly name: string;
  readonly target: HostTarget;
}

const INTERFACE = 'host_ip_';
const CONTAINER = 'container_';

/** One entry when its container starts; one that is none fails the start with the detail. */
export function parseExtraHost(entry: string): Result<ExtraHost> {
  const parts = entry.trim().split(':');
  const [name = '', target = ''] = parts;
  if (parts.length !== 2) {
    const detail = `host [${quoted(parts.join(' '))}] is incorrectly defined`;
    return { ok: false, error: { code: 'invalid_host', detail } };
  }
  return { ok: true, value: { name, target: targetOf(target) } };
}

/** Whether it stands for something that is known at a start only. */
export function isReservedHost(entry: string): boolean {
  const parsed = parseExtraHost(entry);
  return parsed.ok && parsed.value.target.kind !== 'address';
}

function targetOf(text: string): HostTarget {
  if (text === 'host_ip') return { kind: 'host' };
  if (text.startsWith(INTERFACE) && text.length > INTERFACE.length) {
    return { kind: 'interface', interface: text.slice(INTERFACE.length) };
  }
  if (text.startsWith(CONTAINER) && text.length > CONTAINER.length) {
    return { kind: 'container', hostName: text.slice(CONTAINER.length) };
  }
  return { kind: 'address', address: text };
}

/** Keys of the configuration, as a person writes them. */
export interface AddressKeys {
  readonly hostKey: string;
  readonly portKey: string;
}

/** What to do where an address cannot be listened on, for another reason than that somebody else does. */
export function listenHint(code: string | undefined, { hostKey, portKey }: AddressKeys): string {
  if (code !== 'EACCES') return `set ${hostKey} to an address of this machine`;
  const right = 'CAP_NET_BIND_SERVICE (AmbientCapabilities= of a systemd unit)';
  return `set ${portKey} to one from 1024 to 65535, or give the process the right to lower ones: ${right}`;
}

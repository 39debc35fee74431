import { BlockList, isIP } from 'node:net';

/** Of Docker's `info`. */
export interface RegistryConfig {
  readonly IndexConfigs?: Readonly<Record<string, { readonly Secure?: boolean } | null>> | null;
  readonly InsecureRegistryCIDRs?: readonly string[] | null;
}

/** Whether Docker's own configuration lets it use a registry without TLS, or with one that it cannot verify (REG-3). */
export function isInsecureAllowed(registry: string, config: RegistryConfig | undefined): boolean {
  const index = config?.IndexConfigs?.[registry];
  if (index) return index.Secure === false;
  const host = registry.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  const address = host === 'localhost' ? '127.0.0.1' : host;
  const family = isIP(address);
  if (family === 0) return false;
  const allowed = new BlockList();
  for (const range of config?.InsecureRegistryCIDRs ?? []) {
    const [net = '', prefix] = range.split('/');
    const netFamily = isIP(net);
    if (netFamily !== 0) allowed.addSubnet(net, Number(prefix), netFamily === 4 ? 'ipv4' : 'ipv6');
  }
  return allowed.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

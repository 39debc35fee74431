/** Names of hosts for a container (ENG §E, POD-20, POD-33). */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { type HostTarget, parseExtraHost } from '../../protocols/containers/index.js';
import { ContainerError } from './errors.js';

interface Entry {
  readonly name: string;
  readonly address: string;
}

/** How reserved addresses are resolved; undefined if there is none now. */
export interface HostResolver {
  readonly gateway: () => Promise<string | undefined>;
  readonly ofInterface: (name: string) => string | undefined;
  readonly ofContainer: (hostName: string) => Promise<string | undefined>;
  readonly unresolved: (entry: string) => void;
}

/** Those that cannot be resolved are left out; throws where one is incorrectly defined. */
export async function resolveHosts(entries: readonly string[], resolver: HostResolver): Promise<readonly Entry[]> {
  const resolved: Entry[] = [];
  for (const entry of entries) {
    const parsed = parseExtraHost(entry);
    if (!parsed.ok) throw new ContainerError('CONTAINER_HOST', parsed.error.detail);
    const { name, target } = parsed.value;
    const address = await resolve(target, resolver);
    if (address === undefined) resolver.unresolved(entry);
    else resolved.push({ name, address });
  }
  return resolved;
}

async function resolve(target: HostTarget, resolver: HostResolver): Promise<string | undefined> {
  switch (target.kind) {
    case 'address':
      return target.address;
    case 'host':
      return resolver.gateway();
    case 'interface':
      return resolver.ofInterface(target.interface);
    case 'container':
      return resolver.ofContainer(target.hostName);
  }
}

/** The first IPv4 address of an interface of this machine that leads out of it. */
export function addressOfInterface(name: string): string | undefined {
  return networkInterfaces()[name]?.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}

/** The hosts files of all containers, one each; written in place, as the engine mounts the file and not its name. */
export class HostsFiles {
  constructor(private readonly folder: string) {}

  path(id: string): string {
    return join(this.folder, `${id}.hosts`);
  }

  async write(id: string, hostName: string, entries: readonly Entry[]): Promise<void> {
    const lines = [
      `127.0.0.1 localhost ${hostName}`,
      '::1 localhost ip6-localhost ip6-loopback',
      ...entries.map(({ name, address }) => `${address} ${name}`),
    ];
    await mkdir(this.folder, { recursive: true });
    await writeFile(this.path(id), `${lines.join('\n')}\n`, { mode: 0o644 });
  }

  async remove(id: string): Promise<void> {
    await rm(this.path(id), { force: true });
  }
}

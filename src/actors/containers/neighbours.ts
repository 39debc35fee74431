import type { PublishedPort } from '../engines/index.js';
import type { ContainerContext } from './chart-events.js';

/**
 * What other containers of ours hold: as they are stored, and as it has been promised in this process but is not yet.
 */
export class Neighbours {
  private readonly names = new Map<string, string>();
  private readonly ports = new Map<string, readonly PublishedPort[]>();

  constructor(private readonly all: () => readonly ContainerContext[]) {}

  hold(id: string, name: string, ports?: readonly PublishedPort[]): void {
    this.names.set(id, name);
    if (ports) this.ports.set(id, ports);
  }

  forget(id: string): void {
    this.names.delete(id);
    this.ports.delete(id);
  }

  /** Whether another one of ours has this name in the engine. */
  hasName(name: string, id: string): boolean {
    if ([...this.names].some(([other, held]) => other !== id && held === name)) return true;
    return this.others(id).some((other) => !this.names.has(other.id) && other.engineName === name);
  }

  portsOf(id: string): readonly PublishedPort[] {
    return [
      ...[...this.ports].flatMap(([other, ports]) => (other === id ? [] : ports)),
      ...this.others(id).flatMap((other) => (this.ports.has(other.id) ? [] : other.ports)),
    ];
  }

  /** Those that have this host name (`container_<hostName>`). */
  withHostName(hostName: string, id: string): readonly string[] {
    return this.others(id)
      .filter(({ config }) => config.hostName === hostName)
      .map((other) => other.id);
  }

  private others(id: string): readonly ContainerContext[] {
    return this.all().filter((other) => other.id !== id);
  }
}

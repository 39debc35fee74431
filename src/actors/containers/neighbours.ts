import type { PublishedPort } from '../engines/index.js';
import type { ContainerContext } from './chart-events.js';

/**
 * What containers of ours hold, by their ids. It is kept here, so that one of many need not look at all the others: read
 * once from what is stored, and from then on as it is promised and given back.
 */
export class Neighbours {
  private readonly names = new Map<string, string>();
  private readonly ports = new Map<string, readonly PublishedPort[]>();
  private isRead = false;

  constructor(private readonly all: () => readonly ContainerContext[]) {}

  holdName(id: string, name: string): void {
    this.read();
    this.names.set(id, name);
  }

  holdPorts(id: string, ports: readonly PublishedPort[]): void {
    this.read();
    this.ports.set(id, ports);
  }

  forget(id: string): void {
    this.read();
    this.names.delete(id);
    this.ports.delete(id);
  }

  /** Whether another one of ours has this name in the engine. */
  hasName(name: string, id: string): boolean {
    this.read();
    for (const [other, held] of this.names) if (other !== id && held === name) return true;
    return false;
  }

  portsOf(id: string): readonly PublishedPort[] {
    this.read();
    return [...this.ports].flatMap(([other, ports]) => (other === id ? [] : ports));
  }

  /** Those that have this host name (`container_<hostName>`). */
  withHostName(hostName: string, id: string): readonly string[] {
    return this.all()
      .filter((other) => other.id !== id && other.config.hostName === hostName)
      .map((other) => other.id);
  }

  private read(): void {
    if (this.isRead) return;
    this.isRead = true;
    for (const { id, engineName, ports } of this.all()) {
      if (engineName === '') continue;
      this.names.set(id, engineName);
      this.ports.set(id, ports);
    }
  }
}

import { randomUUID } from 'node:crypto';
import type { ContainerSpec } from '../../src/actors/engines/engine.js';

/** A container that asks for nothing but to run. */
export function containerSpec(overrides: Partial<ContainerSpec> & { readonly image: string }): ContainerSpec {
  const id = overrides.id ?? randomUUID();
  return {
    id,
    owner: 'containers',
    activity: '',
    name: `test-${id.slice(0, 13)}`,
    hostName: 'test-host',
    domainName: 'test-domain',
    env: [],
    cmd: [],
    tty: false,
    openStdin: false,
    privileged: false,
    network: 'host',
    mounts: [],
    devices: [],
    extraHosts: [],
    extraCapabilities: [],
    ports: [],
    log: { driver: 'json-file', maxFiles: 2, maxSize: '1M', rootDir: '', mode: 'blocking', maxBufferSize: '' },
    limits: {},
    ...overrides,
  };
}

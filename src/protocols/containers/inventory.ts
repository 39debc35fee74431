import {
  type Association,
  formatGoDuration,
  type Inventory,
  type KeyValue,
  type SoftwareNode,
} from '../update-agent/index.js';
import {
  DEFAULT_BUFFER_SIZE,
  DEFAULT_MAX_FILES,
  DEFAULT_MAX_SIZE,
  defaultDomainName,
  defaultHostName,
} from './defaults.js';
import { versionOfImage } from './images.js';
import { deviceText, mountText, portText } from './mappings.js';
import type { Container, ContainerConfig } from './model.js';

export interface InventoryOptions {
  readonly domain: string;
  /** Of the agent's node; consumers go by its `domain` parameter. */
  readonly agentName: string;
  readonly agentVersion: string;
  /** Defaults, too (CUA-35). */
  readonly isVerbose: boolean;
}

/** Parameters that say what a container does now: no desired state takes them (CUA-36). */
export const RUNTIME_KEYS = [
  'status',
  'finishedAt',
  'exitCode',
  'created',
  'restartCount',
  'manuallyStopped',
  'startedSuccessfullyBefore',
] as const;

/** What is in an inventory of a container. */
export type Inventoried = Omit<Container, 'id'>;

/** The current state of the domain (CUA-34): the agent, then the containers, system ones included. */
export function inventoryOf(containers: readonly Inventoried[], options: InventoryOptions): Inventory {
  const { domain, agentName, agentVersion, isVerbose } = options;
  const sourceId = `${domain}-update-agent`;
  const agent: SoftwareNode = {
    id: sourceId,
    version: agentVersion,
    name: agentName,
    type: 'APPLICATION',
    parameters: [{ key: 'domain', value: domain }],
  };
  const nodes = containers.map((container) => nodeOf(container, domain, isVerbose));
  if (nodes.length === 0) return { softwareNodes: [agent] };
  const associations = nodes.map(({ id = '' }): Association => ({ sourceId, targetId: id }));
  return { softwareNodes: [agent, ...nodes], associations };
}

function nodeOf(container: Inventoried, domain: string, isVerbose: boolean): SoftwareNode {
  const { name, image } = container.config;
  return {
    id: `${domain}:${name}`,
    version: versionOfImage(image),
    type: 'CONTAINER',
    parameters: parametersOf(container, isVerbose),
  };
}

/** A container in the keys of desired states, defaults left out, and what became of it (CUA-35). */
export function parametersOf(container: Inventoried, isVerbose: boolean): readonly KeyValue[] {
  const list = new Parameters(isVerbose);
  addConfig(list, container.config);
  addState(list, container);
  return list.entries;
}

function addConfig(list: Parameters, config: ContainerConfig): void {
  const { name, restartPolicy, log, resources } = config;
  list.add('image', config.image, config.image !== '');
  list.add('domainName', config.domainName, config.domainName !== defaultDomainName(name));
  list.add('hostName', config.hostName, config.hostName !== defaultHostName(name));
  list.add('terminal', config.tty, config.tty);
  list.add('interactive', config.openStdin, config.openStdin);
  list.add('privileged', config.privileged, config.privileged);
  list.add('restartPolicy', restartPolicy.type, restartPolicy.type !== 'unless-stopped');
  list.add('restartMaxRetries', restartPolicy.maxRetries, restartPolicy.maxRetries !== 0);
  list.add('restartTimeout', formatGoDuration(restartPolicy.retryTimeoutS * 1_000), restartPolicy.retryTimeoutS !== 0);
  list.addAll('device', config.devices.map(deviceText));
  list.addAll('port', config.ports.map(portText));
  list.add('network', config.network, config.network !== 'bridge');
  list.addAll('host', config.extraHosts);
  list.add('logDriver', log.driver, log.driver !== 'json-file');
  if (log.driver === 'json-file') {
    list.add('logMaxFiles', log.maxFiles, log.maxFiles !== DEFAULT_MAX_FILES);
    list.add('logMaxSize', log.maxSize, log.maxSize !== DEFAULT_MAX_SIZE);
    list.addSet('logPath', log.rootDir);
  }
  list.add('logMode', log.mode, log.mode !== 'blocking');
  if (log.mode === 'non-blocking') {
    list.add('logMaxBufferSize', log.maxBufferSize, log.maxBufferSize !== DEFAULT_BUFFER_SIZE);
  }
  list.addSet('memory', resources.memory);
  list.addSet('memoryReservation', resources.memoryReservation);
  list.addSet('memorySwap', resources.memorySwap);
  list.addAll('mount', config.mounts.map(mountText));
  list.addAll('env', config.env);
  list.addAll('cmd', config.cmd);
}

function addState(list: Parameters, container: Inventoried): void {
  const { state, created, restartCount, manuallyStopped, startedBefore } = container;
  const isRunning = state.status === 'Running';
  list.add('status', state.status, true);
  list.add('finishedAt', state.finishedAt, state.finishedAt !== '' && !isRunning);
  list.add('exitCode', state.exitCode, state.exitCode !== 0 && !isRunning);
  list.add('created', created, true);
  list.add('restartCount', restartCount, restartCount !== 0);
  list.add('manuallyStopped', manuallyStopped, manuallyStopped && !isRunning);
  list.add('startedSuccessfullyBefore', startedBefore, startedBefore && !isRunning);
}

class Parameters {
  readonly entries: KeyValue[] = [];

  constructor(private readonly isVerbose: boolean) {}

  /** If it says something, or everything is told. */
  add(key: string, value: string | number | boolean, saysSomething: boolean): void {
    if (saysSomething || this.isVerbose) this.entries.push({ key, value: String(value) });
  }

  addSet(key: string, value: string): void {
    if (value !== '') this.entries.push({ key, value });
  }

  addAll(key: string, values: readonly string[]): void {
    for (const value of values) this.entries.push({ key, value });
  }
}

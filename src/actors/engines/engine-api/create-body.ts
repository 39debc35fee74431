import type { LogSettings } from '../../../protocols/containers/model.js';
import type { ContainerSpec, Limits, PublishedPort } from '../engine.js';
import { LABEL } from './labels.js';

/** The kernel takes no longer one (POD-34), characters. */
const LONGEST_HOST_NAME = 63;
const UNLIMITED = -1;
/** Bytes. */
const OUT_OF_REACH = 2 ** 50;

/** The body of a create call (ENG, “Model field”). Restarts are never the engine's business (POD-14), nor are ulimits (LAB-7). */
export function createBody(spec: ContainerSpec): object {
  return {
    Image: spec.image,
    Hostname: spec.hostName.slice(0, LONGEST_HOST_NAME),
    Domainname: spec.domainName,
    Env: spec.env.map(variable),
    ...(spec.cmd.length > 0 ? { Cmd: spec.cmd } : {}),
    Tty: spec.tty,
    OpenStdin: spec.openStdin,
    Labels: { [LABEL.id]: spec.id, [LABEL.owner]: spec.owner, [LABEL.activity]: spec.activity },
    ExposedPorts: Object.fromEntries(spec.ports.map((port) => [portKey(port), {}])),
    HostConfig: {
      NetworkMode: spec.network,
      PortBindings: portBindings(spec.ports),
      Mounts: spec.mounts.map(({ source, destination, propagation }) => ({
        Type: 'bind',
        Source: source,
        Target: destination,
        BindOptions: { Propagation: propagation },
      })),
      Devices: spec.devices.map(({ pathOnHost, pathInContainer, permissions }) => ({
        PathOnHost: pathOnHost,
        PathInContainer: pathInContainer,
        CgroupPermissions: permissions,
      })),
      ExtraHosts: spec.extraHosts,
      CapAdd: spec.extraCapabilities,
      Privileged: spec.privileged,
      ...createLimits(spec.limits),
      RestartPolicy: { Name: 'no' },
      LogConfig: logConfig(spec.log),
    },
  };
}

/** A name alone removes a variable of the image; engines put it back, and its empty value is the nearest (POD-29). */
const variable = (text: string): string => (text.includes('=') ? text : `${text}=`);

const portKey = ({ containerPort, proto }: PublishedPort): string => `${containerPort}/${proto}`;

function portBindings(ports: readonly PublishedPort[]): object {
  const bindings: Record<string, Array<{ HostIp: string; HostPort: string }>> = {};
  for (const port of ports) {
    const key = portKey(port);
    bindings[key] = [...(bindings[key] ?? []), { HostIp: port.hostIp, HostPort: String(port.hostPort) }];
  }
  return bindings;
}

/** Without a memory limit engines take 0; without one of swap Docker would take twice the memory. */
function createLimits({ memory, memoryReservation, memorySwap }: Limits): object {
  return {
    ...(memory === undefined ? {} : { Memory: memory }),
    ...(memoryReservation === undefined ? {} : { MemoryReservation: memoryReservation }),
    ...(memory === undefined && memorySwap === undefined ? {} : { MemorySwap: memorySwap ?? UNLIMITED }),
  };
}

/** What a container of Docker has; 0 or less: no limit. */
export interface DockerLimits {
  readonly Memory?: number;
  readonly MemoryReservation?: number;
  readonly MemorySwap?: number;
}

/**
 * Docker leaves a limit as it is that is not named, takes no lack of one for memory, and does not hand on that of swap: what
 * is to be lifted gets one that no machine reaches, and swap more than that, as its limit counts memory, too.
 */
export function dockerLimits({ memory, memoryReservation, memorySwap }: Limits, now: DockerLimits): DockerLimits {
  const isLimited = (now.Memory ?? 0) > 0;
  const isReserved = (now.MemoryReservation ?? 0) > 0;
  return {
    ...(memory === undefined && !isLimited
      ? {}
      : { Memory: memory ?? OUT_OF_REACH, MemorySwap: memorySwap ?? 2 * OUT_OF_REACH }),
    ...(memoryReservation === undefined && !isReserved ? {} : { MemoryReservation: memoryReservation ?? UNLIMITED }),
  };
}

/** In podman's own form, every member, so that a limit that is gone is lifted: one left out stays as it is (POD-4). */
export const podmanLimits = ({ memory, memoryReservation, memorySwap }: Limits): object => ({
  memory: {
    limit: memory ?? UNLIMITED,
    reservation: memoryReservation ?? UNLIMITED,
    swap: memorySwap ?? UNLIMITED,
  },
});

/** Of the rest engines of this interface know nothing (POD-22). */
function logConfig({ driver, maxFiles, maxSize }: LogSettings): object {
  if (driver === 'none') return { Type: 'none', Config: {} };
  const Config = { ...(maxSize === '' ? {} : { 'max-size': maxSize.toLowerCase() }), 'max-file': String(maxFiles) };
  return { Type: 'json-file', Config };
}

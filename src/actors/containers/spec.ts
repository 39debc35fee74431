import { limitsOf, parseExtraHost } from '../../protocols/containers/index.js';
import type { ContainerSpec } from '../engines/index.js';
import type { MakeInput } from './chart-events.js';

/** The label of our containers in an engine (ENG-1). */
export const OWNER = 'containers';

/** The kernel takes no longer one (POD-34). */
const LONGEST_HOST_NAME = 63;

export const hostNameOf = (hostName: string): string => hostName.slice(0, LONGEST_HOST_NAME);

/** What an engine makes of a container; with the path of a hosts file of its own in place of extra hosts (POD-33). */
export function specOf(input: MakeInput, hostsFile: string | undefined): ContainerSpec {
  const { id, activity, config, engineName, ports } = input;
  const { image, domainName, cmd, tty, openStdin, privileged, network, devices, extraCapabilities, log } = config;
  const hosts = hostsFile === undefined ? [] : [hostsMount(hostsFile)];
  return {
    id,
    owner: OWNER,
    activity,
    name: engineName,
    image,
    hostName: hostNameOf(config.hostName),
    domainName,
    env: config.env.map((variable) => (variable.includes('=') ? variable : `${variable}=`)),
    cmd,
    tty,
    openStdin,
    privileged,
    network,
    mounts: [...config.mounts, ...hosts],
    devices,
    extraHosts: hostsFile === undefined ? config.extraHosts.filter((entry) => parseExtraHost(entry).ok) : [],
    extraCapabilities,
    ports,
    log,
    limits: limitsOf(config.resources),
  };
}

const hostsMount = (source: string) => ({ source, destination: '/etc/hosts', propagation: 'rprivate' as const });

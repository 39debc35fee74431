import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { PortMapping } from '../../protocols/containers/index.js';
import type { PublishedPort } from '../engines/index.js';

/** Whether nobody listens at a port of the host; only tried, so that it may be taken the moment after. */
export type IsFree = (port: PublishedPort) => Promise<boolean>;

/**
 * One port of each range (POD-18): the first that is free and promised to no other container of ours. Where there is
 * none, the first one all the same: a predecessor may hold it until it is stopped, and else the start says so.
 */
export async function choosePorts(
  mappings: readonly PortMapping[],
  taken: readonly PublishedPort[],
  isFree: IsFree,
): Promise<readonly PublishedPort[]> {
  const chosen: PublishedPort[] = [];
  for (const { proto, containerPort, hostIp, hostPort, hostPortEnd } of mappings) {
    let choice: PublishedPort = { proto, containerPort, hostIp, hostPort };
    for (let port = hostPort; port <= hostPortEnd; port++) {
      const candidate = { ...choice, hostPort: port };
      if ([...chosen, ...taken].some((other) => collide(other, candidate)) || !(await isFree(candidate))) continue;
      choice = candidate;
      break;
    }
    chosen.push(choice);
  }
  return chosen;
}

const ANY = '0.0.0.0';

function collide(a: PublishedPort, b: PublishedPort): boolean {
  if (a.proto !== b.proto || a.hostPort !== b.hostPort) return false;
  return a.hostIp === b.hostIp || a.hostIp === ANY || b.hostIp === ANY;
}

/** By binding it for a moment. SCTP cannot be tried. */
export const isPortFree: IsFree = ({ proto, hostIp, hostPort }) => {
  if (proto === 'sctp') return Promise.resolve(true);
  return new Promise((resolve) => {
    if (proto === 'udp') {
      const socket = createSocket('udp4');
      socket.once('error', () => resolve(false));
      socket.bind({ port: hostPort, address: hostIp, exclusive: true }, () => socket.close(() => resolve(true)));
      return;
    }
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port: hostPort, host: hostIp, exclusive: true }, () => server.close(() => resolve(true)));
  });
};

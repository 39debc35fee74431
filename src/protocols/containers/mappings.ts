/** Ports, devices and mounts as people write them in one line (§A.3), and back (CUA-35). */

import type { DeviceDraft, MountDraft } from './draft.js';
import type { Device, MountPoint, PortMapping } from './model.js';

/** What such a line says, or why it is passed over. */
export type Line<T> = { readonly value: T } | { readonly ignored: string };

export const DEFAULT_HOST_IP = '0.0.0.0';
export const DEFAULT_PERMISSIONS = 'rwm';

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const NUMBER = /^\+?\d{1,10}$/;
const PERMISSIONS = /^[rwm]{1,3}$/;
export const HIGHEST_PORT = 65_535;

export const isIpv4 = (text: string): boolean => IPV4.test(text);
export const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= HIGHEST_PORT;
export const isProto = (proto: string): proto is PortMapping['proto'] => ['tcp', 'udp', 'sctp'].includes(proto);

/** `[ip:]hostPort[-hostPortEnd]:containerPort[/proto]` */
export function parsePort(text: string): Line<PortMapping> {
  const [addresses = '', proto = '', ...more] = text.trim().split('/');
  if (more.length > 0) return { ignored: 'more than one protocol' };
  if (proto !== '' && !isProto(proto)) return { ignored: 'the protocol is none of tcp, udp, sctp' };
  const parts = addresses.trim().split(':');
  if (parts.length !== 2 && parts.length !== 3)
    return { ignored: 'not [ip:]host-port[-end]:container-port[/protocol]' };
  const [hostIp, range = '', inside = ''] = parts.length === 3 ? parts : [DEFAULT_HOST_IP, ...parts];
  if (hostIp === undefined || !isIpv4(hostIp)) return { ignored: 'the host address is no IPv4 address' };
  // Blanks are passed over around a range, and only there: so do peers.
  const [first = '', last = first, ...rest] = (range.includes('-') ? range.trim() : range).split('-');
  const [hostPort, hostPortEnd, containerPort] = [portOf(first), portOf(last), portOf(inside)];
  if (rest.length > 0 || hostPort === undefined || hostPortEnd === undefined || containerPort === undefined) {
    return { ignored: `ports are numbers from 1 to ${HIGHEST_PORT}` };
  }
  if (hostPortEnd < hostPort) return { ignored: 'the range ends before it begins' };
  return { value: { proto: proto === '' ? 'tcp' : proto, containerPort, hostIp, hostPort, hostPortEnd } };
}

/** `hostPath:containerPath[:permissions]` */
export function parseDevice(text: string): Line<DeviceDraft> {
  const parts = text.trim().split(':');
  const [pathOnHost = '', pathInContainer = '', permissions = DEFAULT_PERMISSIONS] = parts;
  if (parts.length < 2 || parts.length > 3) return { ignored: 'not host-path:container-path[:permissions]' };
  if (!PERMISSIONS.test(permissions)) return { ignored: 'permissions are one to three of r, w and m' };
  return { value: { pathOnHost, pathInContainer, permissions } };
}

/** `source:destination[:mode]` */
export function parseMount(text: string): Line<MountDraft> {
  const parts = text.trim().split(':');
  const [source = '', destination = '', propagation = ''] = parts;
  if (parts.length < 2 || parts.length > 3) return { ignored: 'not source:destination[:mode]' };
  return { value: { source, destination, propagation } };
}

/** What {@link parsePort} reads; the address and the end of the range only where they say something. */
export function portText({ proto, containerPort, hostIp, hostPort, hostPortEnd }: PortMapping): string {
  const address = hostIp === DEFAULT_HOST_IP ? '' : `${hostIp}:`;
  const end = hostPortEnd === hostPort ? '' : `-${hostPortEnd}`;
  return `${address}${hostPort}${end}:${containerPort}/${proto}`;
}

export const deviceText = ({ pathOnHost, pathInContainer, permissions }: Device): string =>
  `${pathOnHost}:${pathInContainer}:${permissions}`;

export const mountText = ({ source, destination, propagation }: MountPoint): string =>
  `${source}:${destination}:${propagation}`;

function portOf(text: string): number | undefined {
  if (!NUMBER.test(text)) return undefined;
  const port = Number(text);
  return isPort(port) ? port : undefined;
}

import { isIP } from 'node:net';
import { ProvisioningError } from './errors.js';

/** The upper bound of common, organisation and unit names (RFC 5280, appendix A.1). */
export const LONGEST_NAME = 64;

/** The ids of PCL-3 without `+` and `#`, since an id becomes a topic segment; they hold no path separator. */
const DEVICE_ID = /^[A-Za-z0-9\-._:@$%()=,;!*']+$/;
const DNS_NAME = /^(?:\*\.)?(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*$/;
const LONGEST_DNS_NAME = 253;

/**
 * Whether `name` may be the CN of a device and the name of its folder: PCL-3, and never a way out of the folder it is
 * put into.
 *
 * @throws ProvisioningError
 */
export function checkDeviceName(name: string): void {
  const isPathStep = name === '.' || name === '..';
  if (DEVICE_ID.test(name) && name.length <= LONGEST_NAME && !isPathStep) return;
  throw new ProvisioningError(
    'PROVISIONING_NAME',
    `${JSON.stringify(name)} cannot be a device id: take 1 to ${LONGEST_NAME} of A-Z a-z 0-9 - . _ : @ $ % ( ) = , ; ! * ', a VIN for instance`,
  );
}

/** @throws ProvisioningError if `name` is neither a DNS name (`*.` in front allowed) nor an IP address */
export function checkHostName(name: string): void {
  if (isIP(name) || (DNS_NAME.test(name) && name.length <= LONGEST_DNS_NAME)) return;
  throw new ProvisioningError(
    'PROVISIONING_NAME',
    `${JSON.stringify(name)} is neither a host name nor an IP address; give it without scheme, port and path`,
  );
}

/** `prefix` and a number, filled with zeros to the 17 characters of a VIN where there is room for them. */
export function numberedNames(prefix: string, count: number): string[] {
  const width = Math.max(17 - prefix.length, String(count).length);
  return Array.from({ length: count }, (_, index) => prefix + String(index + 1).padStart(width, '0'));
}

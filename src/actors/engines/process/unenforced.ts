import type { ContainerSpec } from '../engine.js';

/** What a container asks for that means nothing to a process of this machine, or cannot be held here (ENG-6). */
export function unenforced(spec: ContainerSpec, canLimit: boolean): readonly string[] {
  const { limits, mounts, log } = spec;
  const asked: ReadonlyArray<readonly [string, boolean]> = [
    ['network', spec.network === 'bridge'],
    ['port', spec.ports.length > 0],
    ['device', spec.devices.length > 0],
    ['privileged', spec.privileged],
    ['mount', mounts.some(({ source, destination }) => source !== destination)],
    ['host', spec.extraHosts.length > 0],
    ['extraCapabilities', spec.extraCapabilities.length > 0],
    ['terminal', spec.tty],
    ['interactive', spec.openStdin],
    ['memory', !canLimit && Object.values(limits).some((limit) => limit !== undefined)],
    ['logPath', log.rootDir !== ''],
    ['logMode', log.mode === 'non-blocking'],
  ];
  return asked.filter(([, isAsked]) => isAsked).map(([key]) => key);
}

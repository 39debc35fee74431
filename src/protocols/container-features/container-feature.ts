/** A container as a feature of the thing: nothing but what is known of it, in another form (C.4, C.5). */
import type { ContainerConfig, ContainerState } from '../containers/index.js';
import { omitEmpty } from '../update-agent/index.js';
import { shownConfiguration } from './configuration.js';
import type { Device } from './device.js';
import { containerFeature, DEFINITIONS } from './features.js';
import { modification, type Publication } from './publication.js';

/** What of a container its feature shows. */
export interface ShownContainer {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly state: ContainerState;
  /** RFC 3339 in UTC. */
  readonly created: string;
}

/** What of the feature is published anew (THG-15). */
export type FeaturePart = 'feature' | 'state' | 'name' | 'config';

export function shownState({ status, ...state }: ContainerState): object {
  return { status: status.toUpperCase(), ...omitEmpty(state) };
}

export function containerPublication(device: Device, container: ShownContainer, part: FeaturePart): Publication {
  const { id, config, state, created } = container;
  const feature = containerFeature(id);
  switch (part) {
    case 'state':
      return modification(device, feature, shownState(state), 'status/state');
    case 'name':
      return modification(device, feature, config.name, 'status/name');
    case 'config':
      return modification(device, feature, shownConfiguration(config), 'status/config');
    case 'feature': {
      const status = {
        ...(config.name === '' ? {} : { name: config.name }),
        imageRef: config.image,
        config: shownConfiguration(config),
        createdAt: created,
        state: shownState(state),
      };
      return modification(device, feature, { definition: [DEFINITIONS.container], properties: { status } });
    }
  }
}

/** The last that is heard of a container (THG-15). */
export const deadState = (device: Device, id: string): Publication =>
  modification(device, containerFeature(id), { status: 'DEAD', pid: -1 }, 'status/state');

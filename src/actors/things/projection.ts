import {
  containerFeature,
  containerPublication,
  deletion,
  dependenciesPublication,
  type Publication,
  softwareUpdatablePublication,
  thingIdOf,
} from '../../protocols/container-features/index.js';
import type { ActorSystem, OutputEffect } from '../../runtime/index.js';
import { madeOf, type ThingsContainers } from './containers.js';
import { BRIDGE, type BridgeEvent, type ProjectOutput, publish, UPDATABLE, type UpdatableContext } from './events.js';

export interface ProjectionDeps {
  readonly containers: ThingsContainers;
  readonly system: Pick<ActorSystem, 'peek' | 'tellStored'>;
  readonly publish: OutputEffect;
}

/** Carries `things.project` outputs: features are nothing but containers in another form, read when they leave. */
export function createProjection({ containers, system, publish: carry }: ProjectionDeps): OutputEffect {
  const installed = (without?: string) =>
    madeOf(containers)
      .filter(({ id }) => id !== without)
      .map(({ id, config }) => ({ id, image: config.image }));
  const publicationOf = (output: ProjectOutput): Publication | undefined => {
    const { device } = output;
    switch (output.of) {
      case 'container': {
        const facts = containers.find(output.id);
        return facts && containerPublication(device, facts, output.part);
      }
      case 'gone':
        return deletion(device, containerFeature(output.id));
      case 'dependencies':
        return dependenciesPublication(device, installed(output.without));
      case 'software-updatable': {
        const context = system.peek(UPDATABLE)?.context as UpdatableContext | undefined;
        return softwareUpdatablePublication(device, installed(), {
          operation: context?.lastOperation ?? null,
          failedOperation: context?.lastFailedOperation ?? null,
        });
      }
    }
  };
  return async (output, context) => {
    const project = output as ProjectOutput;
    const publication = publicationOf(project);
    if (!publication) return;
    await carry(publish(publication), context);
    if (project.of !== 'gone') return;
    const deleted: BridgeEvent = { type: 'DELETED', thingId: thingIdOf(project.device.thing), id: project.id };
    await system.tellStored(BRIDGE, deleted);
  };
}

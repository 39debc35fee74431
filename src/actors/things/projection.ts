import {
  containerPublication,
  dependenciesPublication,
  type Publication,
  softwareUpdatablePublication,
} from '../../protocols/container-features/index.js';
import type { ActorSystem, OutputEffect } from '../../runtime/index.js';
import { madeOf, type ThingsContainers } from './containers.js';
import { type ProjectOutput, publish, UPDATABLE, type UpdatableContext } from './events.js';

export interface ProjectionDeps {
  readonly containers: ThingsContainers;
  readonly system: Pick<ActorSystem, 'peek'>;
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
  return (output, context) => {
    const publication = publicationOf(output as ProjectOutput);
    return publication && carry(publish(publication), context);
  };
}

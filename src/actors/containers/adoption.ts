import { completeConfig, readEngineName } from '../../protocols/containers/index.js';
import type { EngineContainer } from '../engines/index.js';
import type { ContainerInput } from './events.js';

/**
 * What can be known of a container of ours whose record is lost (ENG-1): its image, and its name and role by what the
 * engine calls it. It is left as it is: what it was made with is unknown, so that a desired state mostly makes it anew.
 */
export function adoptionOf(found: EngineContainer): ContainerInput | undefined {
  const { name, role } = readEngineName(found.name, found.id);
  const config = completeConfig({ name, image: found.image, restartPolicy: { type: 'no' } });
  return config.ok ? { config: config.value, role, activity: found.activity, found } : undefined;
}

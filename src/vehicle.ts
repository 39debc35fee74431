/**
 * What a vehicle is made of, in the order in which it starts. Manager and agents speak only through the broker, each
 * with its own link and client id, so that any of them can be a peer's.
 */
import { brokerType } from './actors/mqtt/index.js';
import { createMqttLinks, linkType } from './actors/mqtt-link/index.js';
import { type Assembly, type AssemblyDeps, createBase } from './assembly.js';
import { embedBroker } from './embedded-broker.js';
import type { Child, ReplayedType } from './runtime/index.js';
import type { VehicleConfig } from './vehicle-config.js';

/** The charts of a vehicle that can be replayed without one. */
export const vehicleTypes: readonly ReplayedType[] = [brokerType, linkType];

/** The parts of a configuration that make a vehicle; a role that runs alone leaves some out. */
export type VehicleParts = Pick<VehicleConfig, 'dataDir'> & Partial<Omit<VehicleConfig, 'dataDir' | 'log'>>;

export function createVehicle(parts: VehicleParts, deps: AssemblyDeps): Assembly {
  const base = createBase(parts, deps);
  const { system, metrics } = base;
  const { clock, logger } = deps;
  const embedded = parts.mqtt?.embedded && embedBroker(parts.mqtt.embedded, base, deps);
  const links = createMqttLinks({ system, clock, logger, metrics });
  system.register(links.type);

  const children: Child[] = [];
  if (embedded) children.push(embedded.child);

  return base.assemble({
    role: 'vehicle',
    children,
    urls: () => ({ mqtt: embedded?.broker.url() }),
    close: [links, ...(embedded ? [embedded.broker] : [])],
  });
}

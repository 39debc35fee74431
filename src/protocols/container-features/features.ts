/** The features of the thing that stands for a vehicle's containers, by name (THG-1, C.3 to C.7). */
export const FACTORY = 'ContainerFactory';
export const SOFTWARE_UPDATABLE = 'SoftwareUpdatable';
export const METRICS = 'Metrics';

export const FEATURES = [FACTORY, SOFTWARE_UPDATABLE, METRICS] as const;
export type FeatureName = (typeof FEATURES)[number];

export const DEFINITIONS = {
  [FACTORY]: 'com.bosch.iot.suite.edge.containers:ContainerFactory:1.3.0',
  container: 'com.bosch.iot.suite.edge.containers:Container:1.5.0',
  [SOFTWARE_UPDATABLE]: 'org.eclipse.hawkbit.swupdatable:SoftwareUpdatable:2.0.0',
  [METRICS]: 'com.bosch.iot.suite.edge.metric:Metrics:1.0.0',
} as const;

const CONTAINER = 'Container:';

/** The feature of a container, which is where its metrics come from, too. */
export const containerFeature = (id: string): string => `${CONTAINER}${id}`;

/** The container that a feature stands for; `undefined` if it is another feature. */
export const containerOf = (feature: string): string | undefined =>
  feature.startsWith(CONTAINER) ? feature.slice(CONTAINER.length) : undefined;

import { CloudConnector } from '../fakes/cloud-connector.js';
import type { Ending } from '../fakes/mosquitto.js';
import { DescriptorServer } from '../fakes/things.js';
import type { KilledVehicle } from './killed-vehicle.js';

const DEVICE = { deviceId: 'crash.test:car-1', tenantId: 't1' };
const REPORT = '/features/Metrics/outbox/messages/data';
/** A request that got lost with a process is made again after this. */
const ASK_AGAIN_MS = 5_000;

/** The cloud of one vehicle, which may be killed while it is asked for something. */
export class ContainersCloud {
  private constructor(
    readonly connector: CloudConnector,
    readonly descriptors: DescriptorServer,
    private readonly vehicle: KilledVehicle,
  ) {}

  static async start(t: Ending, url: string, vehicle: KilledVehicle): Promise<ContainersCloud> {
    const connector = await CloudConnector.start(t, url, DEVICE);
    return new ContainersCloud(connector, await DescriptorServer.start(t), vehicle);
  }

  /** Until the vehicle shows its features, hears operations, and is not about to be killed. */
  async isHeard(): Promise<void> {
    const { connector, vehicle } = this;
    await vehicle.until(
      () => !vehicle.isDoomed && vehicle.http !== undefined && vehicle.last('things-bridge') === 'known',
      'the thing is known',
    );
    await connector.isHeard();
  }

  /** Asks for reports until one is about these containers, by their ids; what was started counts from its report on. */
  async reports(ids: readonly string[]): Promise<void> {
    const { connector, vehicle } = this;
    const from = connector.messages.length;
    let askedAt = Number.NEGATIVE_INFINITY;
    await vehicle.until(() => {
      if (performance.now() - askedAt > ASK_AGAIN_MS) {
        askedAt = performance.now();
        connector.send(connector.thingId, 'Metrics', 'request', { frequency: 1 });
      }
      return connector.messages
        .slice(from)
        .some(({ path, value }) => path === REPORT && ids.every((id) => JSON.stringify(value).includes(id)));
    }, 'a report comes');
  }

  async noMoreReports(): Promise<void> {
    const { connector, vehicle } = this;
    connector.send(connector.thingId, 'Metrics', 'request', { frequency: 0 });
    await vehicle.until(() => vehicle.last('metrics') === 'off', 'reports end');
  }

  /** An action, until the twin says that it is over. */
  async software(operation: 'install' | 'remove', correlationId: string, value: object): Promise<void> {
    const { connector, vehicle } = this;
    connector.send(connector.thingId, 'SoftwareUpdatable', operation, { correlationId, ...value });
    await vehicle.until(
      () => this.lines().includes(`SoftwareUpdatable.properties.status.lastOperation.correlationId "${correlationId}"`),
      `${operation} begins`,
    );
    await vehicle.until(
      () => !vehicle.isDoomed && vehicle.http !== undefined && vehicle.last('software-updatable') === 'idle',
      `${operation} ends`,
    );
  }

  /** What the twin shows, a line a value; times, process numbers and ids of what is gone left out. */
  lines(names: ReadonlyMap<string, string> = new Map()): readonly string[] {
    const twin = this.connector.twins.get(this.connector.thingId) ?? new Map<string, unknown>();
    const whole: Branch = {};
    for (const [path, value] of [...twin].sort(([one], [other]) => one.length - other.length)) {
      const keys = path.replace('/features/', '').split('/');
      const last = keys.pop() ?? '';
      let branch = whole;
      for (const key of keys) {
        branch[key] ??= {};
        branch = branch[key] as Branch;
      }
      branch[last] = structuredClone(value);
    }
    const named = (text: string): string =>
      [...names].reduce((replaced, [id, name]) => replaced.replaceAll(id, name), text).replaceAll(UUID, 'UUID');
    return leavesOf(whole).map(named).sort();
  }
}

type Branch = Record<string, unknown>;

/** Differ from run to run. */
const VOLATILE = /\.(?:createdAt|startedAt|finishedAt|pid)$/;
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

function leavesOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null)
    return VOLATILE.test(path) ? [] : [`${path} ${JSON.stringify(value)}`];
  return Object.entries(value).flatMap(([key, each]) => leavesOf(each, path === '' ? key : `${path}.${key}`));
}

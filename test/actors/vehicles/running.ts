import type { TestContext } from 'node:test';
import { fastify } from 'fastify';
import { encodeRecord, type FleetRecord } from '../../../src/actors/dispatch/index.js';
import { type ConnectionFacts, createVehicles, LAST_VALUES_READER } from '../../../src/actors/vehicles/index.js';
import type { PresenceSettings } from '../../../src/protocols/fleet-telemetry/index.js';
import { serverDefaults } from '../../../src/protocols/fleet-telemetry/server-settings.js';
import { problemOf } from '../../../src/runtime/http/problem.js';
import { createLogger, type HttpApp, Metrics, openLog } from '../../../src/runtime/index.js';
import { START, type TestSystem, testSystem } from '../../fakes/runtime.js';
import { until } from '../../fakes/until.js';
import { VIN } from './records.js';

export const MINUTE = 60_000;
export const presence = { offlineAfterMs: 30_000, restartGraceMs: 120_000, silentAfterMs: 10 * MINUTE };

export const connection = (id: string, more: Partial<ConnectionFacts> = {}): ConnectionFacts => ({
  id,
  vin: VIN,
  deviceType: 'vehicle_device',
  networkInterface: 'wifi',
  clientVersion: '1.2.0',
  remote: '192.0.2.1:4711',
  since: START,
  records: 0,
  bytes: 0,
  lastRecordAt: undefined,
  ...more,
});

/** The part of a hub that knows of vehicles, over a store that can be opened again. */
export async function start(t: TestContext, lastValues: object | null = {}, timing: Partial<PresenceSettings> = {}) {
  const metrics = new Metrics();
  const lines: Readonly<Record<string, unknown>>[] = [];
  const logger = createLogger({ level: 'info', destination: { write: (line) => lines.push(JSON.parse(line)) } });
  const settings = lastValues ? { ...serverDefaults.lastValues, ...lastValues } : undefined;
  let live: ConnectionFacts[] = [];
  const make = (system: TestSystem['system'], clock: TestSystem['clock']) =>
    createVehicles({
      presence: { ...presence, ...timing },
      lastValues: settings,
      system,
      clock,
      logger,
      metrics,
      connections: () => live,
    });
  let vehicles: ReturnType<typeof createVehicles> | undefined;
  const types = (system: TestSystem['system']) => {
    vehicles = make(system, system.clock as TestSystem['clock']);
    return [vehicles.type];
  };
  const run = async (test: TestSystem, before: (test: TestSystem) => void = () => {}) => {
    const { system, clock } = test;
    const part = vehicles as ReturnType<typeof createVehicles>;
    const { boundBytes = 1 << 26 } = settings ?? {};
    const readers = [{ name: LAST_VALUES_READER, boundBytes, overflow: 'drop-oldest' }] as const;
    const log = await openLog(system.commit, clock, { name: 'spool', readers });
    const reader = log.reader(LAST_VALUES_READER);
    part.follow(reader, () => log.lastSeq);
    before(test);
    await part.child.start(() => {});
    const app = fastify();
    app.setErrorHandler((error, { id }, reply) => {
      const answer = problemOf(error, id);
      return reply.code(answer.status).send(answer);
    });
    await part.routes(app as unknown as HttpApp);
    await app.ready();
    t.after(() => app.close());
    const get = async (path: string, headers = {}) => {
      await system.settled();
      const answer = await app.inject({ url: `/api/v1/vehicles${path}`, headers });
      const { statusCode } = answer;
      return { statusCode, etag: String(answer.headers['etag']), json: () => answer.json() };
    };
    const append = (...records: FleetRecord[]): void => {
      for (const record of records) log.append(encodeRecord(record), [LAST_VALUES_READER]);
    };
    return {
      ...test,
      part,
      reader,
      /** Of the log, with this message. */
      lines: (message: string) => lines.filter(({ msg }) => msg === message),
      get,
      /** Forgets the vehicle; resolves with the status of the answer. */
      forget: async () => (await app.inject({ method: 'DELETE', url: `/api/v1/vehicles/${VIN}` })).statusCode,
      json: async (path: string) => (await get(path)).json(),
      state: async () => (await get(`/${VIN}`)).json().state,
      append,
      /** Until records have been read; reading goes on in turns of the loop. */
      signal: (name: string, value: unknown) =>
        until(async () => {
          await system.commit.flushed();
          const [signal] = (await get(`/${VIN}/signals?name=${name}`)).json().signals ?? [];
          return signal?.value === value;
        }, `${name} ${value}`),
      open: (facts: ConnectionFacts) => {
        live.push(facts);
        part.opened(facts);
      },
      close: (id: string) => {
        const gone = live.filter((facts) => facts.id === id);
        live = live.filter((facts) => facts.id !== id);
        for (const facts of gone) part.closed(facts);
      },
      heard: (id: string, at: number) => {
        live = live.map((facts) => (facts.id === id ? { ...facts, lastRecordAt: at } : facts));
      },
      /** `before` is called before the part starts again. */
      crash: async (before?: (test: TestSystem) => void) => {
        live = [];
        const crashed = test.crash(types);
        // The copy is made: what it writes now goes with the old store, and later there is none to write to.
        await part.child.stop(1_000);
        return run(await crashed, before);
      },
      reopen: async () => {
        live = [];
        await part.child.stop(1_000);
        return run(await test.reopen(types));
      },
    };
  };
  return run(await testSystem(t, types));
}

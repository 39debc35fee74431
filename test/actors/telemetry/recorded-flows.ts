import { cpSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  encodeAlerts,
  encodeConnectivity,
  encodeErrors,
  encodeVehicleData,
} from '../../../src/protocols/fleet-telemetry/index.js';
import { ManualClock } from '../../../src/runtime/index.js';
import { recordActor } from '../../../src/runtime/inspection/recorder.js';
import { eventually, type IngestHub, type IngestHubOptions, startIngestHub, VIN } from '../../fakes/ingest-hub.js';
import { temporaryFolder } from '../../fakes/runtime.js';
import { speed, type Vehicle } from '../../fakes/vehicle.js';
import { builtOther } from '../../protocols/fleet-telemetry/built-frames.js';

const ID = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
const ADDRESS = `vehicle-connection/${ID}`;
const AT = 1_767_225_600_000;
const LIMITED = { rate_limit: { enabled: true, message_limit: 2, message_interval_time: 30 } };

/** A real vehicle at a real hub; resolves with what was recorded of the connection's actor. */
export type Flow = (t: TestContext) => Promise<string[]>;

/** Starts a hub whose connection of that id is recorded from its first message on. */
async function recordedHub(t: TestContext, config: object, options: IngestHubOptions = {}) {
  const lines: string[] = [];
  const made: IngestHubOptions['made'] = ({ system }) => recordActor(system, ADDRESS, (line) => lines.push(line));
  const hub = await startIngestHub(t, { ...config }, { ...options, made });
  return { hub, lines };
}

const connect = (hub: IngestHub): Promise<Vehicle> =>
  hub.vehicle(VIN, { headers: { 'X-TXID': ID, 'X-Network-Interface': 'wifi', Version: '1.2.0' } });

/** Waits until the recording holds a state. */
const reached = (lines: readonly string[], state: string) =>
  eventually(() => lines.some((line) => line.includes(`"kind":"state"`) && line.includes(`"${state}"`)), state);

const reachedEnd = (hub: IngestHub) => eventually(() => hub.hub.system.peek(ADDRESS) === undefined, 'the end');

/** Every kind of message that a vehicle may send, and an orderly end. */
const messages: Flow = async (t) => {
  const config = {
    records: { V: ['file'], alerts: ['file'], errors: ['file'], connectivity: ['file'], custom: ['file'] },
  };
  const { hub, lines } = await recordedHub(t, config);
  const car = await connect(hub);
  const data = [
    { key: 'VehicleSpeed', value: { floatValue: 12.3 } },
    { key: 'Location', value: { stringValue: '(37.412374 N, 122.145867 W)' } },
    { key: 'Soc', value: { stringValue: '1.1920928955078125e-05' } },
    { key: 'Gear', value: { invalid: true } },
  ];
  const records: Parameters<Vehicle['ask']>[0][] = [
    { txid: 'signals', payload: encodeVehicleData({ data, createdAtMs: AT, vin: 'FORGED', isResend: true }) },
    {
      txid: 'alerts',
      topic: 'alerts',
      payload: encodeAlerts({ alerts: [{ name: 'A1', startedAtMs: AT }], createdAtMs: AT, vin: VIN }),
    },
    {
      txid: 'errors',
      topic: 'errors',
      payload: encodeErrors({ errors: [{ name: 'E1', body: 'b', tags: { a: 'b' } }], createdAtMs: AT, vin: VIN }),
    },
    {
      txid: 'presence',
      topic: 'connectivity',
      payload: encodeConnectivity({
        vin: VIN,
        connectionId: 'own',
        status: 'CONNECTED',
        createdAtMs: AT,
        networkInterface: 'lte',
      }),
    },
    { txid: 'custom', topic: 'custom', payload: Buffer.from('any bytes') },
    { txid: 'foreign sender', senderId: 'vehicle_device.OTHER' },
    { txid: 'unmapped', topic: 'other' },
    { txid: 'unmapped, foreign', topic: 'other', senderId: 'vehicle_device.OTHER' },
    { txid: 'no protobuf', payload: Buffer.from([0xff]) },
    { txid: 'no utf-8', payload: Buffer.from([0x1a, 0x02, 0xc3, 0x28]) },
    { txid: '' },
  ];
  for (const record of records) await car.ask(record);
  for (const bytes of [
    Buffer.from('no flatbuffer'),
    new Uint8Array(),
    builtOther(Buffer.from('T'), Buffer.from('V'), 5),
  ]) {
    car.sendBytes(bytes);
  }
  await car.replied(records.length + 3);
  await car.close();
  await reachedEnd(hub);
  return lines;
};

/** A vehicle over its rate limit, and within it again. */
const rateLimit: Flow = async (t) => {
  const clock = new ManualClock(Date.now());
  const { hub, lines } = await recordedHub(t, LIMITED, { clock });
  const car = await connect(hub);
  for (let record = 1; record <= 4; record++) car.send({ payload: speed(VIN, record) });
  await reached(lines, 'throttled');
  await clock.advance(30_000);
  await car.ask({ payload: speed(VIN, 5) });
  await car.vanish();
  await reachedEnd(hub);
  return lines;
};

/** A recording that begins in the middle, where what was admitted before counts. */
const middle: Flow = async (t) => {
  const clock = new ManualClock(Date.now());
  const hub = await startIngestHub(t, LIMITED, { clock });
  const car = await connect(hub);
  await car.ask({ payload: speed(VIN, 1) });
  const lines: string[] = [];
  recordActor(hub.hub.system, ADDRESS, (line) => lines.push(line));
  for (let record = 2; record <= 3; record++) car.send({ payload: speed(VIN, record) });
  await reached(lines, 'throttled');
  await car.vanish();
  await reachedEnd(hub);
  return lines;
};

/** The hub stops under a vehicle that streams. */
const stop: Flow = async (t) => {
  const { hub, lines } = await recordedHub(t, {});
  const car = await connect(hub);
  await car.ask({ payload: speed(VIN, 1) });
  car.send({ payload: speed(VIN, 2) });
  await car.replied(2);
  await hub.stop();
  return lines;
};

/** The hub ends without a word, and the next one closes what is left. */
const crash: Flow = async (t) => {
  const before = await startIngestHub(t);
  await (await connect(before)).ask();
  await before.hub.system.settled();
  const folder = temporaryFolder(t);
  cpSync(join(before.folder, 'data'), join(folder, 'data'), { recursive: true });
  const { hub, lines } = await recordedHub(t, {}, { folder });
  await reachedEnd(hub);
  return lines;
};

/** By the name of the fixture. */
export const flows: Readonly<Record<string, Flow>> = { messages, 'rate-limit': rateLimit, middle, stop, crash };

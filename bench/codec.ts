import {
  createSession,
  decodedJson,
  encodeAck,
  encodeStream,
  encodeVehicleData,
  identify,
  judge,
  preparePayload,
  TESLA_IDENTITY_TABLES,
  TopicRules,
} from '../src/protocols/fleet-telemetry/index.js';
import { createRootTypes } from '../src/protocols/fleet-telemetry/schema.js';
import { median, printRows } from './report.js';

const ITEMS = 40;
const CALLS = 20_000;
const ROUNDS = 7;
const VIN = '5YJ3E1EA7JF000001';

const data = Array.from({ length: ITEMS }, (_, index) => ({
  key: index + 1,
  value: index % 2 === 0 ? { floatValue: index / 3 } : { stringValue: `value ${index}` },
}));
const payload = encodeVehicleData({ data, createdAtMs: Date.UTC(2026, 0, 1), vin: VIN });
const message = encodeStream({
  txid: 'car-000000042',
  topic: 'V',
  senderId: `vehicle_device.${VIN}`,
  deviceType: 'vehicle_device',
  deviceId: VIN,
  createdAt: 1_767_225_600,
  payload,
});

const identity = identify(
  {
    subject: [{ type: 'CN', value: VIN }],
    issuerCommonName: 'Tesla Motors Products CA',
    extendedKeyUsage: [],
  },
  TESLA_IDENTITY_TABLES,
);
if (!identity.ok) throw new Error(identity.error.explanation);
const policy = { topics: new TopicRules({ topics: ['V'] }), preparePayload };
const session = createSession(identity.value, policy);
const txid = Buffer.from('car-000000042');
const topic = Buffer.from('V');
const plain = createRootTypes({ keepOneof: true });
const stripped = createRootTypes({ keepOneof: false });

const work: ReadonlyArray<readonly [name: string, run: () => unknown]> = [
  ['protobufjs decode, as the schema stands', () => plain.V.decode(payload)],
  ['protobufjs decode, oneofs stripped', () => stripped.V.decode(payload)],
  ['check and rewrite on the wire', () => preparePayload('V', payload, VIN)],
  ['judge a whole message', () => judge(message, session, policy, 0)],
  ['build an ack', () => encodeAck(txid, topic)],
  ['decoded JSON', () => decodedJson('V', payload)],
];

function microseconds(run: () => unknown): number {
  const before = process.cpuUsage();
  for (let call = 0; call < CALLS; call++) run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}

const rounds = Array.from({ length: ROUNDS }, () => work.map(([, run]) => microseconds(run))).slice(1);
const of = (index: number): number => median(rounds.map((round) => round[index] ?? Number.NaN));
console.log(`  a V record of ${ITEMS} items, ${payload.length} bytes`);
printRows(
  work.map(([name], index) => ({ name, value: of(index), unit: 'µs', ...(index === 0 ? {} : { against: of(0) }) })),
);

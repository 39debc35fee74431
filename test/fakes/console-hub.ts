import type { ActorDetailView, ConnectionView, DispatcherView } from '../../src/console/api-types.js';
import type { FakeHub } from './console-api.js';

/** A hub in the middle of an ordinary day, with something of everything that the console shows. */
export function exampleHub(now: number): FakeHub {
  return {
    overview: {
      role: 'hub',
      version: '0.1.0',
      startedAt: now - 11_640_000,
      uptimeS: 11_640,
      overload: { level: 'none', since: null, delayMs: 0 },
      actors: {
        live: 1212,
        passivated: 8790,
        parked: 1,
        byType: {
          'vehicle-connection': { live: 1204, states: { streaming: 1187, throttled: 12, handshaking: 4, draining: 1 } },
          dispatcher: { live: 3, states: { 'ready.sending': 1, broken: 1, saturated: 1 } },
          'update-activity': { live: 2, states: { 'preparing.bundle.downloading & preparing.consent.asking': 2 } },
          'vehicle-twin': { live: 3, states: { online: 3 } },
        },
      },
      storage: { sizeBytes: 734_003_200, degraded: null },
      telemetry: { connections: 1204, recordsTotal: 48_201_553, recordsPerSecond: 4180, acksTotal: 48_199_120 },
      dispatchers: [
        dispatcher('file', 'file', 'ready.sending', 12_400, 9_000_000, 320, null, now),
        dispatcher('mqtt', 'mqtt', 'broken', 812_000, 410_000_000, 734_000, 'connect ECONNREFUSED 127.0.0.1:1883', now),
        dispatcher('kafka-eu', 'kafka', 'saturated', 1_230_000, 535_000_000, 91_000, null, now),
      ],
    },
    connections: Array.from({ length: 40 }, (_, index) => connection(index, now)),
    actors: exampleActors(now),
    supervision: {
      name: 'hub',
      strategy: 'rest_for_one',
      intensity: 5,
      periodS: 60,
      restarts: 0,
      children: [
        { name: 'store', kind: 'service', state: 'running', restarts: 0, lastError: null },
        {
          name: 'dispatchers',
          kind: 'supervisor',
          state: 'running',
          lastError: null,
          restarts: 0,
          supervisor: {
            name: 'dispatchers',
            strategy: 'one_for_one',
            intensity: 5,
            periodS: 60,
            restarts: 3,
            children: [
              { name: 'dispatcher/file', kind: 'actor', state: 'ready.sending', restarts: 0, lastError: null },
              {
                name: 'dispatcher/mqtt',
                kind: 'actor',
                state: 'broken',
                restarts: 3,
                lastError: {
                  name: 'Error',
                  message: 'connect ECONNREFUSED 127.0.0.1:1883',
                  code: 'DISPATCH_UNREACHABLE',
                },
              },
            ],
          },
        },
        { name: 'vehicle-connection', kind: 'type', state: 'running', restarts: 1, lastError: null },
        { name: 'telemetry listener', kind: 'service', state: 'running', restarts: 0, lastError: null },
        { name: 'http', kind: 'service', state: 'running', restarts: 0, lastError: null },
      ],
    },
    deadLetters: [
      {
        id: '01HZX',
        address: 'vehicle-twin/5YJ3E1EA7KF000017',
        message: { type: 'twin.desired.changed', version: 18, desired: { climate: { target: 21.5 } } },
        error: { name: 'TypeError', message: "Cannot read properties of undefined (reading 'climate')" },
        attempts: 2,
        at: now - 340_000,
      },
    ],
  };
}

function dispatcher(
  name: string,
  kind: string,
  state: string,
  pendingItems: number,
  pendingBytes: number,
  oldestAgeMs: number,
  error: string | null,
  now: number,
): DispatcherView {
  return {
    name,
    kind,
    state,
    pendingItems,
    pendingBytes,
    boundBytes: 536_870_912,
    oldestAgeMs,
    delivered: 48_189_000 - pendingItems,
    refused: error === null ? 0 : 214,
    dropped: 0,
    lastError: error === null ? null : { code: 'DISPATCH_UNREACHABLE', message: error, at: now - 4000 },
    nextTryAt: error === null ? null : now + 3_600_000,
  };
}

function connection(index: number, now: number): ConnectionView {
  return {
    id: `5YJ3E1EA7KF0000${String(index).padStart(2, '0')}`,
    vin: `5YJ3E1EA7KF0000${String(index).padStart(2, '0')}`,
    deviceType: 'vehicle_device',
    networkInterface: index % 3 === 0 ? 'wifi' : 'cellular',
    remote: `10.2.0.${index}:5${index}120`,
    since: now - 60_000 * (index * 7 + 1),
    records: 1200 * (index + 1),
    bytes: 410_000 * (index + 1),
    acks: 1200 * (index + 1) - (index % 4),
    state: index === 5 ? 'throttled' : 'streaming',
    lastRecordAt: now - 250 * (index % 9),
  };
}

function exampleActors(now: number): ActorDetailView[] {
  return [
    actor(now, {
      address: 'dispatcher/mqtt',
      state: 'connecting',
      value: 'connecting',
      waits: [
        {
          state: 'connecting',
          waitsFor: 'the broker to accept the connection',
          since: now - 4000,
          until: { at: now + 6000, event: 'xstate.after.10000.dispatcher.connecting' },
        },
      ],
      context: { attempts: 2, url: 'mqtts://broker.example:8883', password: '[redacted]', topics: ['V', 'alerts'] },
    }),
    actor(now, {
      address: 'update-activity/a-17',
      durability: 'durable',
      state: 'preparing.bundle.downloading & preparing.consent.asking',
      value: { preparing: { bundle: 'downloading', consent: 'asking' } },
      waits: [
        { state: 'preparing.consent.asking', waitsFor: "the owner's consent", since: now - 7_400_000, until: 'never' },
      ],
      mailbox: { depth: 3, capacity: 1000, oldestAgeMs: 40, stored: 0 },
    }),
    actor(now, { address: 'vehicle-connection/5YJ3E1EA7KF000001', state: 'streaming', value: 'streaming' }),
    actor(now, { address: 'vehicle-twin/5YJ3E1EA7KF000017', state: 'online', value: 'online', status: 'sleeping' }),
    actor(now, {
      address: 'vehicle-twin/5YJ3E1EA7KF000099',
      state: 'online',
      value: 'online',
      status: 'parked',
      restarts: 5,
      parkedReason: 'it failed 5 times within a minute',
      lastError: { name: 'RangeError', message: 'version 18 was used twice', code: 'TWIN_VERSION_CONFLICT' },
    }),
  ];
}

function actor(now: number, own: Partial<ActorDetailView> & { address: string }): ActorDetailView {
  return {
    type: own.address.split('/')[0] ?? '',
    typeVersion: 1,
    durability: 'committed',
    status: 'live',
    value: '',
    state: '',
    since: now - 95_000,
    ageMs: 95_000,
    waits: [],
    lastEvent: { type: 'LINK_LOST', at: now - 4000 },
    restarts: 0,
    mailbox: { depth: 0, capacity: 1000, oldestAgeMs: 0, stored: 0 },
    lastError: null,
    parkedReason: null,
    context: {},
    ...own,
  };
}

import type { ConnectionInput, IngestSettings } from '../../../src/actors/telemetry/events.js';
import type { IngestMetricsOptions } from '../../../src/actors/telemetry/ingest-metrics.js';

const settings = (changes: Partial<IngestSettings> = {}): IngestSettings => ({
  routes: { V: ['file', 'mqtt'], alerts: ['file'], blob: ['file'] },
  reliableAckSources: {},
  ackWhen: 'spooled',
  maxMessageBytes: 1_000_000,
  doubleAckUnknownType: false,
  strictSenderId: false,
  transmitDecodedRecords: false,
  ...changes,
});

export const connectionInput = (changes: Partial<IngestSettings> = {}): ConnectionInput => ({
  connectionId: 'id-1',
  socketId: 'socket-1',
  identity: { deviceId: 'VIN1', clientType: 'vehicle_device', senderId: 'vehicle_device.VIN1' },
  networkInterface: 'wifi',
  clientVersion: '1.2.0',
  remote: '192.0.2.1:4711',
  settings: settings(changes),
});

export const countedSettings = (
  changes: Partial<IngestMetricsOptions['settings']> = {},
): IngestMetricsOptions['settings'] => ({
  signalCount: 'every',
  rateLimitLabels: 'record_type',
  records: new Map([['V', ['file']]]),
  reliableAckSources: new Map(),
  trackedVins: new Set(),
  ...changes,
});

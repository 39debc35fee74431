import type { SessionLimits } from '../../../../src/actors/mqtt/persistence/broker-tables.js';

export const LIMITS: SessionLimits = {
  messages: 1_000,
  bytes: 10_000_000,
  totalBytes: 100_000_000,
  sessions: 100,
  expiryMs: 60_000,
  retainedMessages: 1_000,
  retainedBytes: 1_000_000,
};

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BrokerRefusal } from '../src/actors/mqtt/index.js';
import { brokerRefusals, measureBroker } from '../src/broker-metrics.js';
import { ManualClock } from '../src/runtime/clock.js';
import { type Logger, Metrics } from '../src/runtime/index.js';

describe('what is measured of the embedded broker', () => {
  it('REF-1 REF-2 counts each refusal and logs it once per peer and reason a minute', async () => {
    const metrics = new Metrics();
    const clock = new ManualClock(0);
    const lines: Record<string, unknown>[] = [];
    const logger = { warn: (fields: Record<string, unknown>) => lines.push(fields) } as unknown as Logger;
    const refused = brokerRefusals({ metrics, logger, clock });
    const login: BrokerRefusal = { reason: 'login', clientId: 'a', remoteAddress: '10.0.0.1', detail: 'x' };
    for (let tries = 0; tries < 50; tries++) refused({ ...login, clientId: `a${tries}` });
    refused({ ...login, remoteAddress: null });
    assert.match(await metrics.text(), /^mqtt_rejected_total\{reason="login"\} 51$/m);
    assert.deepEqual(
      lines.map(({ boundary, peer, reason, clientId }) => [boundary, peer, reason, clientId]),
      [
        ['mqtt', '10.0.0.1', 'login', 'a0'],
        ['mqtt', 'unknown', 'login', 'a'],
      ],
    );
    await clock.advance(60_000);
    refused(login);
    assert.equal(lines.at(-1)?.['repeated'], 49);
  });

  it('shows connections, queues and what was dropped', async () => {
    const metrics = new Metrics();
    measureBroker(metrics, () => ({
      connections: 1,
      sessions: 9,
      sessionsExpired: 7,
      retainedMessages: 8,
      queuedMessages: 2,
      queuedBytes: 3,
      droppedMessages: 4,
      shedMessages: 6,
      retainedRefused: 5,
      refused: {},
    }));
    const text = await metrics.text();
    for (const line of [
      'connections 1',
      'queued_messages 2',
      'queued_bytes 3',
      'dropped_total 4',
      'shed_total 6',
      'sessions 9',
      'sessions_expired_total 7',
      'retained_messages 8',
    ]) {
      assert.match(text, new RegExp(`^mqtt_broker_${line}$`, 'm'));
    }
  });
});

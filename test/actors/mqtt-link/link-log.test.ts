import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { LinkError } from '../../../src/actors/mqtt-link/errors.js';
import { LinkLog } from '../../../src/actors/mqtt-link/link-log.js';
import { createLogger, ManualClock } from '../../../src/runtime/index.js';
import { eventually } from '../../fakes/runtime.js';
import { startBroker } from '../mqtt/broker-setup.js';
import { startLink } from './link-setup.js';

const URL = 'mqtt://broker:1883';

type Line = Readonly<Record<string, unknown>>;

function logged() {
  const lines: Line[] = [];
  const logger = createLogger({ destination: { write: (line: string) => lines.push(JSON.parse(line)) } });
  return { logger, lines, messages: () => lines.map(({ msg }) => msg) };
}

function linkLog() {
  const clock = new ManualClock(0);
  const { logger, ...rest } = logged();
  return { log: new LinkLog({ link: 'scribe', clientId: 'one', clock, logger }), clock, ...rest };
}

const gone = new LinkError('MQTT_UNREACHABLE', 'nobody listens there');

it('UM-CON-3 a broker that is not there is logged at once, then once a minute', async () => {
  const { log, clock, lines, messages } = linkLog();
  for (let second = 0; second <= 60; second += 10) {
    log.failed(URL, gone);
    await clock.advance(10_000);
  }
  assert.deepEqual(messages(), ['mqtt_link_failed', 'mqtt_link_failed']);
  const { link, url, code, cause, repeated } = lines[1] ?? {};
  assert.deepEqual(
    { link, url, code, cause, repeated },
    {
      link: 'scribe',
      url: URL,
      code: 'MQTT_UNREACHABLE',
      cause: 'nobody listens there',
      repeated: 5,
    },
  );
});

it('UM-CON-3 each loss of a connection that lasted is logged, and so is what follows', async () => {
  const { log, clock, messages } = linkLog();
  for (let round = 0; round < 2; round++) {
    log.up(URL);
    await clock.advance(15_000);
    log.down(URL, gone);
  }
  assert.deepEqual(messages(), ['mqtt_link_up', 'mqtt_link_down', 'mqtt_link_up', 'mqtt_link_down']);
});

it('UM-CON-1 a link that is cut again and again right after connecting asks for another client of its id', async () => {
  const { log, clock, lines, messages } = linkLog();
  for (let round = 0; round < 5; round++) {
    log.up(URL);
    await clock.advance(1_000);
    log.down(URL, gone);
  }
  assert.deepEqual(messages(), ['mqtt_link_up', 'mqtt_link_down', 'mqtt_link_cut_again_and_again']);
  assert.equal(lines[2]?.['clientId'], 'one');
});

it('UM-CON-3 a link logs where it fails and why, without password and stack, and when it is up', async (t: TestContext) => {
  const broker = await startBroker(t);
  await broker.host.close(1_000);
  const { port, url } = broker.address;
  const { logger, lines, messages } = logged();
  const link = await startLink(t, url.replace('mqtt://', 'mqtt://me:secret@'), { logger });
  await link.reaches('offline.pausing');
  await startBroker(t, { port });
  await eventually(() => messages().includes('mqtt_link_up'), 'it is up', 30_000);
  const [failed] = lines;
  assert.equal(failed?.['msg'], 'mqtt_link_failed');
  assert.match(String(failed?.['cause']), /nobody listens there/);
  assert.equal(failed?.['url'], url);
  assert.doesNotMatch(JSON.stringify(lines), /secret|stack/);
});

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { byPassword } from '../../src/actors/mqtt/access.js';
import { type BrokerUnderTest, startBroker } from '../actors/mqtt/broker-setup.js';
import { MosquittoClient, withoutMosquitto } from '../fakes/mosquitto.js';
import { until } from '../fakes/until.js';

const skip = withoutMosquitto();

const at = ({ address }: BrokerUnderTest): string[] => ['-h', '127.0.0.1', '-p', `${address.port}`];

/** Publishes and waits for the end of the client. */
async function publish(t: TestContext, broker: BrokerUnderTest, args: readonly string[], input?: string) {
  return new MosquittoClient(t, 'mosquitto_pub', [...at(broker), ...args], input).done;
}

/** A mosquitto_sub whose subscription is in place: it has seen a retained message. */
async function subscriber(t: TestContext, broker: BrokerUnderTest, args: readonly string[]): Promise<MosquittoClient> {
  assert.equal((await publish(t, broker, ['-t', 'mark', '-m', 'mark', '-r', '-q', '1'])).code, 0);
  const client = new MosquittoClient(t, 'mosquitto_sub', [...at(broker), '-t', 'mark', '-F', '%q %t %p', ...args]);
  await until(() => client.output.includes('mark'), 'the subscription');
  return client;
}

const messages = (client: MosquittoClient): string[] => client.lines.filter((line) => !line.endsWith(' mark mark'));

describe('the embedded broker and the mosquitto clients', { skip }, () => {
  for (const qos of [0, 1, 2]) {
    it(`MQT-1 carries ${qos === 0 ? 'messages' : 'a thousand lines'} of QoS ${qos} in order`, async (t) => {
      const broker = await startBroker(t);
      const reader = await subscriber(t, broker, ['-t', 'lines/#', '-q', `${qos}`]);
      const lines = Array.from({ length: qos === 0 ? 50 : 1_000 }, (_, index) => `line ${index}`);
      const sent = await publish(t, broker, ['-t', 'lines/a', '-q', `${qos}`, '-l'], `${lines.join('\n')}\n`);
      assert.equal(sent.code, 0, sent.output);
      await until(() => messages(reader).length === lines.length, 'delivery');
      assert.deepEqual(
        messages(reader),
        lines.map((line) => `${qos} lines/a ${line}`),
      );
    });
  }

  it('MQT-1 keeps retained messages and removes them', async (t) => {
    const broker = await startBroker(t);
    await publish(t, broker, ['-t', 'kept/a', '-m', 'one', '-r', '-q', '1']);
    await publish(t, broker, ['-t', 'kept/b', '-m', 'two', '-r', '-q', '1']);
    await publish(t, broker, ['-t', 'kept/a', '-n', '-r', '-q', '1']);
    const reader = await subscriber(t, broker, ['-t', 'kept/#', '-q', '1']);
    await until(() => messages(reader).length === 1, 'the retained message');
    assert.deepEqual(messages(reader), ['1 kept/b two']);
  });

  it('MQT-1 publishes the will of a client that is killed', async (t) => {
    const broker = await startBroker(t);
    const reader = await subscriber(t, broker, ['-t', 'wills/#', '-q', '1']);
    const will = ['--will-topic', 'wills/a', '--will-payload', 'gone', '--will-qos', '1'];
    const mortal = await subscriber(t, broker, ['-t', 'x', ...will]);
    await mortal.stop('SIGKILL');
    await until(() => messages(reader).length === 1, 'the will');
    assert.deepEqual(messages(reader), ['1 wills/a gone']);
  });

  it('MQT-1 tells an MQTT 5 client that it speaks 3.1.1', async (t) => {
    const broker = await startBroker(t);
    const { code, output } = await publish(t, broker, ['-t', 'a', '-m', 'x', '-V', 'mqttv5']);
    assert.notEqual(code, 0);
    assert.match(output, /unacceptable protocol version|Unsupported Protocol Version|Protocol error/i);
    assert.equal((await publish(t, broker, ['-t', 'a', '-m', 'x', '-q', '1', '-V', 'mqttv31'])).code, 0);
  });

  it('MQT-2 refuses a shared subscription', async (t) => {
    const broker = await startBroker(t);
    const client = new MosquittoClient(t, 'mosquitto_sub', [...at(broker), '-t', '$share/group/t', '-q', '1']);
    const { output } = await client.done;
    assert.match(output, /denied/i);
    assert.equal(broker.refusals[0]?.reason, 'shared_subscription');
  });

  it('MQT-3 keeps messages for a persistent session that is away', async (t) => {
    const broker = await startBroker(t, { offlineMessages: 2 });
    const session = ['-t', 'away', '-q', '1', '-c', '-i', 'session'];
    const before = await subscriber(t, broker, session);
    await before.stop();
    for (const text of ['1', '2', '3']) await publish(t, broker, ['-t', 'away', '-m', text, '-q', '1']);
    const after = new MosquittoClient(t, 'mosquitto_sub', [...at(broker), ...session, '-F', '%q %t %p']);
    await until(() => after.lines.some((line) => line.endsWith(' 3')), 'delivery');
    assert.deepEqual(messages(after), ['1 away 2', '1 away 3']);
    assert.equal(broker.host.stats().droppedMessages, 1);
  });

  it('MQT-3 ends the connection of a client that sends a packet over the limit', async (t) => {
    const broker = await startBroker(t, { maxPacketBytes: 100_000 });
    const large = 'x'.repeat(100_000);
    const client = new MosquittoClient(t, 'mosquitto_pub', [...at(broker), '-t', 'a', '-s', '-q', '1'], large);
    await until(() => broker.refusals.length > 0, 'the refusal');
    assert.equal(broker.refusals[0]?.reason, 'packet_too_large');
    await client.stop();
  });

  it('asks for a password where it is told to', async (t) => {
    const broker = await startBroker(t, { authenticate: byPassword([{ name: 'hub', password: 'secret' }]) });
    const message = ['-t', 'a', '-m', 'x', '-q', '1'];
    assert.equal((await publish(t, broker, [...message, '-u', 'hub', '-P', 'secret'])).code, 0);
    const refused = await publish(t, broker, [...message, '-u', 'hub', '-P', 'wrong']);
    assert.notEqual(refused.code, 0);
    assert.match(refused.output, /not authori[sz]ed/i);
  });
});

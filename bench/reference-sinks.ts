import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { withoutRedis } from '../test/fakes/redis-server.js';
import { freePort, type Sink } from './reference-servers.js';

/** Names a broker (`HOST:PORT`) to compare at Kafka, too. */
const KAFKA_VARIABLE = 'FLEETCHART_BENCH_KAFKA';

/** Lines go to nowhere; they are made all the same. */
const LOGGER: Sink = { name: 'records to the log', config: () => ({ records: { V: ['logger'] } }) };

/** Nobody subscribes: of all destinations the one that costs least. */
const ZMQ: Sink = {
  name: 'records to ZeroMQ',
  config: (port) => ({ records: { V: ['zmq'] }, zmq: { addr: `tcp://127.0.0.1:${port}` } }),
};

/** Nobody subscribes: what is compared is the way to Redis, and the answer that it has it. */
const redis = (port: number): Sink => ({
  name: 'records to Redis',
  config: () => ({ records: { V: ['redis'] }, redis: { addrs: [`127.0.0.1:${port}`], publish_vin_topics: true } }),
});

const kafka = (broker: string): Sink => ({
  name: 'records to Kafka',
  config: () => ({ records: { V: ['kafka'] }, kafka: { 'bootstrap.servers': broker } }),
});

/**
 * Runs `use` with the destinations to compare at: each a part of the configuration that both servers read. One that
 * cannot be had here is named and left out.
 */
export async function withSinks(use: (sinks: readonly Sink[]) => Promise<void>): Promise<void> {
  const broker = process.env[KAFKA_VARIABLE];
  const others = broker ? [ZMQ, kafka(broker)] : [ZMQ];
  if (!broker) console.log(`  without Kafka: ${KAFKA_VARIABLE} names no broker`);
  const missing = withoutRedis();
  if (missing) {
    console.log(`  without Redis: ${missing}`);
    await use([LOGGER, ...others]);
    return;
  }
  const port = await freePort();
  const server = spawn('redis-server', ['--port', `${port}`, '--bind', '127.0.0.1', '--save', ''], { stdio: 'ignore' });
  try {
    await use([LOGGER, redis(port), ...others]);
  } finally {
    const exit = once(server, 'exit');
    server.kill();
    await exit;
  }
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { withoutRedis } from '../test/fakes/redis-server.js';
import { freePort, type Sink } from './reference-servers.js';

const LOGGER: Sink = { name: 'records to the log', config: { records: { V: ['logger'] } } };

/**
 * Runs `use` with the destinations to compare at: each a part of the configuration that both servers read. One that
 * cannot be had here is named and left out.
 */
export async function withSinks(use: (sinks: readonly Sink[]) => Promise<void>): Promise<void> {
  const missing = withoutRedis();
  if (missing) {
    console.log(`  without Redis: ${missing}`);
    await use([LOGGER]);
    return;
  }
  const port = await freePort();
  const redis = spawn('redis-server', ['--port', `${port}`, '--bind', '127.0.0.1', '--save', ''], { stdio: 'ignore' });
  try {
    await use([LOGGER, redisSink(port)]);
  } finally {
    const exit = once(redis, 'exit');
    redis.kill();
    await exit;
  }
}

/** Nobody subscribes: what is compared is the way to Redis, and the answer that it has it. */
const redisSink = (port: number): Sink => ({
  name: 'records to Redis',
  config: { records: { V: ['redis'] }, redis: { addrs: [`127.0.0.1:${port}`], publish_vin_topics: true } },
});

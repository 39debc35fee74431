/**
 * `npm run bench [NAME…]`: each benchmark in a process of its own, with figures as ratios to a baseline measured in the
 * same run. Single figures of a shared machine mean little; ratios hold.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const benchmarks: Readonly<Record<string, string>> = {
  turns: 'turns a second through the runtime, against raw actor.send and raw LMDB puts',
  memory: 'bytes of a resident and of a sleeping actor',
  restart: 'start of a system with 100 000 stored actors',
  codec: 'decoding and checking one record, against protobufjs',
  ingest: 'CPU of an acknowledged record at 200 mTLS connections, against a bare ws echo server',
  reference: 'telemetry ingest against the reference server: CPU, latency, memory of idle connections, start',
  starts: 'start of ingest, a hub and commands, against a process that does nothing',
  containers: 'an update of 200 containers on an engine that takes no time, against ten of 20',
  updates: 'an update through the update manager, against a relay without memory and the reference update manager',
  broker: 'QoS 1 messages one to one through the MQTT broker with persistent sessions, against a store in memory',
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in benchmarks));
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}; known: ${Object.keys(benchmarks).join(', ')}`);
  process.exit(2);
}
for (const name of asked.length > 0 ? asked : Object.keys(benchmarks)) {
  console.log(`\n${name}: ${benchmarks[name]}`);
  const script = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  const flags = ['--expose-gc', '--max-old-space-size=8192'];
  const { status } = spawnSync(process.execPath, [...flags, script], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}

import type { Findings } from './server-findings.js';
import type { ServerConfig } from './server-settings.js';

const usersOfNamespace = ['kafka', 'redis', 'kinesis', 'pubsub', 'zmq'] as const;

/** Notes what has no effect. */
export function noteUnusedKeys(config: ServerConfig, { warnings }: Findings): void {
  const ignore = (pointer: string, message: string) => warnings.push({ code: 'CONFIG_IGNORED', pointer, message });
  const named = new Set(Object.values(config.records ?? {}).flat());
  for (const section of ['kafka', 'mqtt', 'redis', 'kinesis', 'pubsub', 'zmq'] as const) {
    if (config[section] !== undefined && !named.has(section)) ignore(`/${section}`, 'no record uses it: not opened');
  }
  if (config.fleetchart?.http !== undefined && !named.has('http')) {
    ignore('/fleetchart/http', 'no record uses it: not opened');
  }
  if (config.namespace && !usersOfNamespace.some((name) => named.has(name))) {
    ignore('/namespace', `of the dispatchers only ${usersOfNamespace.join(', ')} use it: other topics have no prefix`);
  }
  for (const key of ['reliable_ack', 'reliable_ack_workers'] as const) {
    if (config[key] !== undefined) ignore(`/${key}`, 'an old key without effect; see reliable_ack_sources');
  }
}

import { isStreamName, type KinesisDispatcherSettings } from './kinesis-settings.js';
import { topicName } from './redis-channels.js';
import type { Findings } from './server-findings.js';
import { escaped } from './server-records.js';
import { type ServerConfig, serverDefaults } from './server-settings.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The section of the `kinesis` dispatcher (spec 5.4). */
export function kinesis(config: ServerConfig, environment: Environment, findings: Findings): KinesisDispatcherSettings {
  const { mistakes } = findings;
  const section = config.kinesis ?? {};
  if (config.kinesis === undefined) {
    mistakes.push({
      code: 'CONFIG_MISSING',
      pointer: '/kinesis',
      message: 'expected Kinesis to be configured',
      hint: 'add the section kinesis, which may be empty: {}',
    });
  }
  return {
    streams: streamsOf(config, environment, findings),
    endpoint: endpointOf(section.override_host ?? '', findings),
    // The client of the reference reads the second name, too.
    region: environment['AWS_REGION'] || (environment['AWS_DEFAULT_REGION'] ?? ''),
    maxRetries: section.max_retries ?? serverDefaults.kinesis.maxRetries,
  };
}

const variableOf = (type: string): string => `KINESIS_STREAM_${type.toUpperCase()}`;

/** The stream of a record type: as the environment names it, or the configuration, or that of its topic's name. */
export function streamOf(type: string, config: ServerConfig, environment: Environment): string {
  const streams = config.kinesis?.streams ?? {};
  const named = Object.hasOwn(streams, type) ? streams[type] : undefined;
  return environment[variableOf(type)] || named || topicName(config.namespace ?? '', type);
}

function streamsOf(config: ServerConfig, environment: Environment, { mistakes }: Findings): Map<string, string> {
  const streams = new Map<string, string>();
  for (const [type, dispatchers] of Object.entries(config.records ?? {})) {
    if (!dispatchers.includes('kinesis')) continue;
    const variable = variableOf(type);
    const stream = streamOf(type, config, environment);
    streams.set(type, stream);
    if (isStreamName(stream)) continue;
    const origin = environment[variable] ? `environment ${variable}: ` : '';
    mistakes.push({
      code: 'CONFIG_VALUE',
      pointer: origin ? '' : `/kinesis/streams/${escaped(type)}`,
      message: `${origin}${JSON.stringify(stream)} is no name of a stream: 1 to 128 of a-z, A-Z, 0-9, _, . and -`,
      hint: `name the stream of ${type} in kinesis.streams or ${variable}`,
    });
  }
  return streams;
}

function endpointOf(host: string, { mistakes, warnings }: Findings): string {
  if (host === '') return '';
  const text = host.includes('://') ? host : `https://${host}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const pointer = '/kinesis/override_host';
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    const hint = 'for example http://127.0.0.1:4567';
    mistakes.push({ code: 'CONFIG_VALUE', pointer, message: 'expected an http or https URL', hint });
  } else if (url.protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)) {
    const message = 'records go unencrypted to another machine';
    warnings.push({ code: 'CONFIG_VALUE', pointer, message, hint: 'use https' });
  }
  return text;
}

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { jarsOf, KAFKA_JAVA, type KafkaLine, type KafkaServer, withoutKafka } from './kafka-server.js';
import type { Ending } from './mosquitto.js';

const PATIENCE_MS = 120_000;
const SHOWN = ['partition', 'key', 'headers', 'value'];

/** Why Kafka's own consumer cannot run here; false if it can. For the `skip` option of a test. */
export function withoutConsole(line: KafkaLine): string | false {
  const missing = withoutKafka(line);
  if (missing) return missing;
  const folder = dirname(jarsOf(line) ?? '');
  const hasTools = existsSync(folder) && readdirSync(folder).some((name) => name.startsWith('kafka-tools-'));
  return !hasTools && `no tools in ${folder} (node scripts/fetch-kafka.mjs)`;
}

/** A message as text. */
export interface ConsoleLine {
  readonly partition: number;
  readonly key: string;
  readonly headers: string;
  readonly value: string;
}

/** What `kafka-console-consumer.sh` shows of the first messages of a topic, which have to be there. */
export async function consoleLines(
  t: Ending,
  { jars, broker }: KafkaServer,
  topic: string,
  count: number,
): Promise<ConsoleLine[]> {
  const properties = SHOWN.flatMap((name) => ['--property', `print.${name}=true`]);
  const process = spawn(
    'java',
    [
      ...KAFKA_JAVA,
      '-cp',
      jars,
      'org.apache.kafka.tools.consumer.ConsoleConsumer',
      ...['--bootstrap-server', broker, '--topic', topic, '--from-beginning'],
      ...['--max-messages', `${count}`, '--timeout-ms', `${PATIENCE_MS}`, ...properties],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  t.after(() => process.kill('SIGKILL'));
  const said = { out: '', error: '' };
  process.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.out += text;
  });
  process.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.error += text;
  });
  await once(process, 'close');
  const lines = said.out.split('\n').filter((line) => line.startsWith('Partition:'));
  assert.equal(lines.length, count, said.error);
  return lines.map((line) => {
    const [partition = '', headers = '', key = '', value = ''] = line.split('\t');
    return { partition: Number(partition.slice('Partition:'.length)), headers, key, value };
  });
}

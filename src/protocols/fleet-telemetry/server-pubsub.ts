import { isTopicId, type PubsubDispatcherSettings } from './pubsub-settings.js';
import { topicName } from './redis-channels.js';
import type { Findings } from './server-findings.js';
import type { ServerConfig } from './server-settings.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The section of the `pubsub` dispatcher, and the variables that Google's tools read (spec 5.4). */
export function pubsub(
  config: ServerConfig,
  environment: Environment,
  { mistakes }: Findings,
): PubsubDispatcherSettings {
  const { gcp_project_id: projectId = '' } = config.pubsub ?? {};
  const { PUBSUB_EMULATOR_HOST: emulatorHost = '', GOOGLE_APPLICATION_CREDENTIALS: credentialsFile = '' } = environment;
  if (config.pubsub === undefined) {
    mistakes.push({
      code: 'CONFIG_MISSING',
      pointer: '/pubsub',
      message: 'expected Pubsub to be configured',
      hint: 'add the section pubsub with gcp_project_id, or take pubsub out of records',
    });
  } else if (projectId === '') {
    mistakes.push({
      code: 'CONFIG_MISSING',
      pointer: '/pubsub/gcp_project_id',
      message: 'pubsub_connect_error GCP Project ID cannot be empty',
      hint: 'set pubsub.gcp_project_id',
    });
  }
  if (emulatorHost !== '' && credentialsFile !== '') {
    mistakes.push({
      code: 'CONFIG_CONFLICT',
      pointer: '',
      message: 'pubsub_connect_error pubsub cannot initialize with both emulator and GCP resource',
      hint: 'unset PUBSUB_EMULATOR_HOST or GOOGLE_APPLICATION_CREDENTIALS in the environment',
    });
  }
  const topics = new Map<string, string>();
  for (const [type, dispatchers] of Object.entries(config.records ?? {})) {
    if (!dispatchers.includes('pubsub')) continue;
    const topic = topicName(config.namespace ?? '', type);
    topics.set(type, topic);
    if (isTopicId(topic)) continue;
    mistakes.push({
      code: 'CONFIG_VALUE',
      pointer: '/namespace',
      message: `the topic ${JSON.stringify(topic)} would be none to Pub/Sub: 3 to 255 letters, digits and -._~+%, first a letter, not goog`,
      hint: 'set namespace, for example to tesla: topics are called namespace_type',
      dependsOn: ['/records'],
    });
  }
  return { projectId, topics, emulatorHost, credentialsFile };
}

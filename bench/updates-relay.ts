/**
 * What `updates` measures against: says what an update manager says on the happy path, with nothing remembered, checked
 * or written. What it takes is the broker, the agent and the way between processes.
 */
import { Socket } from 'node:net';
import { connectAsync } from 'mqtt';
import { updateTopics } from '../src/protocols/update-agent/index.js';

interface Said {
  readonly activityId: string;
  readonly payload: { readonly status?: string };
}

const [url = '', domain = '', agent = ''] = process.argv.slice(2);
const own = updateTopics(domain);
const its = updateTopics(agent);

type Answer = readonly [topic: string, payload: object];
const status = (name: string): Answer => [
  own.feedback,
  { status: name, actions: [{ component: { id: `${agent}:app`, version: '2' }, status: name }] },
];
const command = (name: string): Answer => [its.command, { command: name }];

const ANSWERS: Readonly<Record<string, readonly Answer[]>> = {
  IDENTIFIED: [status('IDENTIFIED'), status('RUNNING'), command('DOWNLOAD')],
  DOWNLOAD_SUCCESS: [command('UPDATE')],
  UPDATE_SUCCESS: [command('ACTIVATE')],
  ACTIVATION_SUCCESS: [command('CLEANUP')],
  CLEANUP_SUCCESS: [status('COMPLETED'), [its.currentStateGet, {}]],
};

function answersTo(topic: string, { payload }: Said): readonly Answer[] {
  if (topic === own.desiredState) return [status('IDENTIFYING'), [its.desiredState, payload]];
  if (topic === its.currentState) return [[own.currentState, payload]];
  return ANSWERS[payload.status ?? ''] ?? [];
}

const mqtt = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 });
if (mqtt.stream instanceof Socket) mqtt.stream.setNoDelay(true);
mqtt.on('message', (topic, text) => {
  const said = JSON.parse(text.toString()) as Said;
  for (const [to, payload] of answersTo(topic, said)) {
    mqtt.publish(to, JSON.stringify({ activityId: said.activityId, timestamp: Date.now(), payload }), { qos: 1 });
  }
});
await mqtt.subscribeAsync([own.desiredState, own.currentStateGet, its.feedback, its.currentState], { qos: 1 });

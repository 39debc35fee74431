import { isDeepStrictEqual } from 'node:util';
import { topicPrefix } from '../../src/protocols/update-agent/index.js';
import { AGENTS, type AgentName, type Message, type Said } from '../fakes/manager-dialogue.js';

export const FEEDBACK = 'vehicleupdate/desiredstatefeedback';
export const STATE = 'vehicleupdate/currentstate';

/** Where ours says something else than the reference, on purpose. */
export interface Deviation {
  /** Which demands it. */
  readonly rule: string;
  /** What ours says instead. */
  readonly instead: (said: Said) => Said;
  /** The reference does as ours now and then. */
  readonly isSometimes?: true;
}

const command = (activityId: string, name: string): Message => ({ activityId, payload: { command: name } });
const status = (activityId: string, name: string): Message => ({ activityId, payload: { status: name } });

/** Changes the messages of one topic. */
const on =
  (topic: string, change: (messages: readonly Message[]) => readonly Message[]): Deviation['instead'] =>
  (said) => ({ ...said, [topic]: change(said[topic] ?? []) });

const UNIDENTIFIED = "failed to wait for command 'DOWNLOAD' signal: [containers]: unknown image";

/** The end of an update that went on without the domain that failed last. */
const GONE_ON: Message = {
  activityId: 'a',
  payload: {
    status: 'INCOMPLETE',
    message: 'the update process is incompleted',
    actions: [
      { component: { id: 'containers:app', version: '2' }, status: 'DOWNLOAD_FAILURE' },
      { component: { id: 'self-update:app', version: '2' }, status: 'UPDATE_SUCCESS' },
    ],
  },
};

/** Without the activity that is the first one again, and found nothing to do. */
const withoutSecond = (all: readonly Message[]): readonly Message[] => [...all.slice(0, 4), ...all.slice(7)];

/** What a report says of a component. */
function withVersion(message: Message, agent: AgentName, version: string): Message {
  const nodes = message.payload?.['softwareNodes'] as readonly { readonly id: string }[];
  const softwareNodes = nodes.map((node) => (node.id === `${agent}:app` ? { ...node, version } : node));
  return { ...message, payload: { ...message.payload, softwareNodes } };
}

/** By the dialogue in which they show. */
export const deviations = {
  failsLast: [
    {
      rule: 'UM-ORC-7',
      instead: (said) => {
        const more = ['UPDATE', 'ACTIVATE', 'CLEANUP'].map((name) => command('a', name));
        const commanded = on('selfupdate/desiredstate/command', (all) => [...all, ...more])(said);
        return on(FEEDBACK, (all) => [...all.slice(0, -1), GONE_ON])(commanded);
      },
    },
  ],
  unsupported: [
    {
      rule: 'UM-SPL-5',
      instead: on(FEEDBACK, (all) =>
        all.map((message, index) => (index < 4 ? message : { ...message, activityId: index === 4 ? 'none' : 'null' })),
      ),
    },
  ],
  repeated: [
    {
      rule: 'UM-CNC-3',
      instead: (said) => {
        const once = (all: readonly Message[]) =>
          all.filter((message, index) => all.findIndex((each) => isDeepStrictEqual(each, message)) === index);
        return Object.fromEntries(
          Object.entries(said).map(([topic, all]) => [topic, topic === FEEDBACK ? withoutSecond(all) : once(all)]),
        );
      },
    },
  ],
  askedForState: [
    {
      rule: 'UM-CS-8',
      instead: on(STATE, ([initial, asked]) =>
        initial && asked ? [initial, withVersion(asked, 'containers', '2')] : [],
      ),
    },
  ],
  beginsLater: [
    {
      rule: 'UM-CS-3',
      instead: on(STATE, ([initial, last]) =>
        initial && last ? [initial, withVersion(last, 'self-update', '1'), last] : [],
      ),
    },
  ],
  unidentified: [
    {
      rule: 'UM-ORC-10',
      instead: on(FEEDBACK, (all) =>
        all.map((message) =>
          message.payload?.['message'] === undefined
            ? message
            : { ...message, payload: { ...message.payload, message: UNIDENTIFIED } },
        ),
      ),
    },
  ],
  installedAlready: [
    {
      rule: 'UM-ORC-7',
      instead: on(FEEDBACK, ([begun]) => (begun ? [begun, status('a', 'IDENTIFIED'), status('a', 'COMPLETED')] : [])),
    },
  ],
  stopped: [
    {
      // What it reports at its stop is what it has.
      rule: 'spec 5.2',
      isSometimes: true,
      instead: (said) =>
        AGENTS.reduce(
          (all, agent) => on(`${topicPrefix(agent)}/currentstate/get`, (gets) => gets.slice(0, 1))(all),
          said,
        ),
    },
  ],
  deniedActivation: [
    {
      rule: 'UM-OC-4',
      instead: (said) =>
        AGENTS.reduce(
          (all, agent) =>
            on(`${topicPrefix(agent)}/desiredstate/command`, (sent) => [...sent, command('a', 'CLEANUP')])(all),
          said,
        ),
    },
  ],
} satisfies Readonly<Record<string, readonly Deviation[]>>;

/** What the phases of an activity wait for and take: parts of its chart that come more than once. */
import type { PhaseCommand } from '../../protocols/update-agent/index.js';
import type { Asked, NextCommand } from '../../protocols/update-manager/index.js';
import { SENT_AGAIN } from './events.js';

/** What every state of a running activity takes, given what was asked of the agents and what would come next. */
export const taking = (asked: Asked, next: NextCommand | null) =>
  ({
    FEEDBACK: { actions: { type: 'takeFeedback', params: { asked } } },
    STOP: { target: '#reporting', actions: [{ type: 'endTerminated', params: { asked, next } }, 'noteStopping'] },
    SUPERSEDE: { target: '#reporting', actions: { type: 'endSuperseded', params: { asked, next } } },
  }) as const;

export const settling = (asked: Asked, next: NextCommand | null) =>
  ({
    guard: 'areSettled',
    target: '#reporting',
    actions: { type: 'endSettled', params: { asked, next } },
  }) as const;

/** Waits for the broker, then for the agents' answers to what `entry` has sent. */
export const answers = (waitsFor: string, asked: Asked, next: NextCommand | null) =>
  ({
    initial: 'sending',
    states: {
      sending: {
        entry: 'markEnd',
        meta: { waitsFor: `the broker to take what the agents are sent; ${SENT_AGAIN}`, until: 'never' },
        on: { DELIVERED: { guard: 'isDelivered', target: 'waiting' } },
      },
      waiting: {
        meta: { waitsFor, until: 'phaseTimeout' },
        after: {
          phaseTimeout: { target: '#reporting', actions: { type: 'endTimedOut', params: { asked, next } } },
        },
        on: {
          'runtime.restored': { guard: 'isBoot', target: 'waiting', reenter: true, actions: 'repeatRunning' },
        },
      },
    },
  }) as const;

/** After the owner's consent, where it is asked for, a command to all domains, and the wait for them to be through. */
export const phase = (command: PhaseCommand, next: NextCommand, following: '#update' | '#activate' | '#cleaning') => {
  const params = { command } as const;
  const target = command === 'DOWNLOAD' ? '#reporting' : '#rollingBack';
  return {
    initial: 'choosing',
    on: taking('NOTHING', next),
    always: settling('NOTHING', next),
    states: {
      choosing: {
        always: [
          { guard: { type: 'hasNobodyToAsk', params }, target, actions: { type: 'denyUnasked', params } },
          { guard: { type: 'needsConsent', params }, target: 'consent' },
          { target: 'await' },
        ],
      },
      consent: {
        entry: { type: 'askOwner', params },
        initial: 'sending',
        on: {
          CONSENT: [
            {
              guard: 'isOtherQuestion',
              actions: { type: 'acknowledgeOwner', params: { problem: 'correlation id mismatch' } },
            },
            { guard: 'isOtherActivity', actions: { type: 'acknowledgeOwner', params: {} } },
            { guard: 'isApproved', target: 'await', actions: { type: 'acknowledgeOwner', params: {} } },
            {
              target,
              actions: [
                { type: 'acknowledgeOwner', params: {} },
                { type: 'denyByOwner', params },
              ],
            },
          ],
        },
        states: {
          sending: {
            entry: 'markEnd',
            meta: { waitsFor: `the broker to take the question to the owner; ${SENT_AGAIN}`, until: 'never' },
            on: { DELIVERED: { guard: 'isDelivered', target: 'asked', actions: 'noteConsentTime' } },
          },
          asked: {
            meta: { waitsFor: "the owner's consent", until: 'ownerConsentTimeout' },
            after: { ownerConsentTimeout: { target, actions: { type: 'denyBySilence', params } } },
            on: { 'runtime.restored': { guard: 'isBoot', target: 'resuming', actions: 'repeatRunning' } },
          },
          resuming: {
            meta: { waitsFor: 'the broker, which may hold the answer of the owner', until: 'never' },
            on: { 'BROKER.UP': { target: 'asked', actions: 'noteTimeLeft' } },
          },
        },
      },
      await: {
        entry: { type: 'sendCommand', params },
        ...answers(`every domain to be through with ${command}`, command, next),
        on: { FEEDBACK: taking(command, next).FEEDBACK },
        always: { guard: { type: 'isGateOpen', params }, target: following, actions: 'publishRunning' },
      },
    },
  } as const;
};

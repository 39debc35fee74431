/**
 * One update activity (spec 5.2): all domains go through the phases together, and exactly one terminal feedback ends it.
 *
 * Invariants
 * - ACT-1 What a state publishes is handed to the runtime on its entry; its time-out begins when the broker has taken it,
 *   so that nothing is both given up and sent (spec 5.9, UM-RES-2).
 * - ACT-2 After a restart of the process phases have their whole time again; the owner and the reboot have what is left,
 *   at least {@link GRACE_MS} from the first connection (UM-RES-4).
 * - ACT-3 Nothing but the report and the reboot comes after the terminal feedback.
 */
import { assign, emit, enqueueActions, setup } from 'xstate';
import { correlationIdOf } from '../../protocols/ditto/index.js';
import type { Command, PhaseCommand } from '../../protocols/update-agent/index.js';
import {
  ActivityStep,
  type Asked,
  areSettled,
  failuresOf,
  identificationOf,
  isGateOpen,
  NO_CONSENT_CLIENT,
  NOT_APPROVED,
  NOTHING_SUPPORTED,
  needsReboot,
  newActivity,
  replyPublication,
  type Standing,
} from '../../protocols/update-manager/index.js';
import {
  type ActivityContext,
  type ActivityEmitted,
  type ActivityEvent,
  type ActivityInput,
  type ActivityOutput,
  GRACE_MS,
  INVENTORY,
  isBoot,
  SENT_AGAIN,
  stampOf,
  timeOf,
} from './events.js';
import { answers, phase, settling, taking } from './phase-events.js';

type ForPhase = { readonly command: PhaseCommand };

const WINDOW = 'feedbackWindow';

/** An action that takes a step of the activity's data: what it says is emitted, what it knows is kept. */
const stepping = <P extends object | undefined = undefined>(
  take: (step: ActivityStep, params: P, event: ActivityEvent) => void,
) =>
  enqueueActions<ActivityContext, ActivityEvent, P, ActivityEvent, never, never, never, never, ActivityEmitted>(
    ({ context, event, enqueue }, params) => {
      const step = new ActivityStep(context.activity, timeOf(event));
      take(step, params, event);
      enqueue.assign({ activity: step.activity });
      for (const publication of step.publications) enqueue.emit(publication);
      if (step.refused) {
        const { domain, actions } = step.refused;
        const fields = { activityId: context.activity.activityId, actions };
        enqueue.emit({ type: 'refuse', peer: domain, reason: 'too_many_actions', fields });
      }
      if (step.window !== 'kept') enqueue.cancel(WINDOW);
      const delay = step.activity.settings.reportFeedbackIntervalMs;
      if (step.window === 'opened') enqueue.raise({ type: 'WINDOW_OVER' }, { id: WINDOW, delay });
    },
  );

const dueAfter = (leftMs: number, now: number) => ({ leftMs, dueAt: now + leftMs });

const base = setup({
  types: {} as {
    context: ActivityContext;
    events: ActivityEvent;
    input: ActivityInput & { readonly address: string };
    output: ActivityOutput;
    emitted: ActivityEmitted;
  },
  actions: {
    begin: stepping((step, _, event) => {
      if (event.type === 'BEGIN') step.begin(event.desiredState);
    }),
    identify: stepping((step) => step.identify()),
    announceNothingToDo: stepping((step) => step.identified()),
    startRunning: stepping((step) => step.run()),
    takeFeedback: stepping((step, { asked }: { asked: Asked }, event) => {
      if (event.type === 'FEEDBACK') step.take(event.domain, event.feedback, asked);
    }),
    publishRunning: stepping((step) => step.running()),
    repeatRunning: stepping((step) => step.repeatRunning()),
    closeWindow: stepping((step) => step.closeWindow()),
    sendCommand: stepping((step, { command }: { command: Command }) => step.command(command)),
    denyByOwner: stepping((step, { command }: ForPhase) => step.deny(command, NOT_APPROVED)),
    denyBySilence: stepping((step, { command }: ForPhase) => step.denyBySilence(command)),
    denyUnasked: stepping((step, { command }: ForPhase) => step.deny(command, NO_CONSENT_CLIENT)),
    askOwner: stepping((step, { command }: ForPhase, event) => {
      const { at, u } = stampOf(event) ?? { at: 0, u: 0 };
      step.ask(command, correlationIdOf(at, u));
    }),
    acknowledgeOwner: enqueueActions(({ event, enqueue }, { problem }: { problem?: string }) => {
      if (event.type !== 'CONSENT' || !event.asker) return;
      for (const publication of replyPublication(event.asker, problem)) enqueue.emit(publication);
    }),
    endUnsupported: stepping((step) => step.end({ status: 'INCOMPLETE', message: NOTHING_SUPPORTED }, 'NOTHING')),
    endUnidentified: stepping((step) => step.failIdentification()),
    endSettled: stepping((step, standing: Standing) => step.settle(standing)),
    endTimedOut: stepping((step, standing: Standing) => step.timeOut(standing)),
    endTerminated: stepping((step, standing: Standing) => step.terminate(standing)),
    endSuperseded: stepping((step, { asked }: Standing) => step.end({ status: 'SUPERSEDED', message: null }, asked)),
    /** Has the runtime say when all that was published is with the broker. */
    markEnd: enqueueActions(({ context, enqueue }) => {
      const mark = context.mark + 1;
      enqueue.assign({ mark });
      enqueue.emit({ type: 'then.tell', to: context.address, event: { type: 'DELIVERED', mark } });
    }),
    noteConsentTime: assign(({ context, event }) =>
      dueAfter(context.activity.settings.ownerConsentTimeoutMs, timeOf(event)),
    ),
    noteRebootTime: assign(({ context, event }) => dueAfter(context.activity.settings.rebootAfterMs, timeOf(event))),
    noteTimeLeft: assign(({ context, event }) => ({ leftMs: Math.max(GRACE_MS, context.dueAt - timeOf(event)) })),
    configure: assign({
      activity: ({ context: { activity }, event }) =>
        event.type === 'CONFIGURE' ? { ...activity, settings: event.settings } : activity,
    }),
    noteStopping: assign({ isStopping: true }),
    askForReport: emit(({ context: { activity, address, isStopping } }) => ({
      type: 'tell',
      to: INVENTORY,
      event: { type: 'READ', activityId: activity.activityId, replyTo: address, isCached: isStopping },
    })),
    hurryReport: emit({ type: 'tell', to: INVENTORY, event: { type: 'HURRY' } }),
    warnOfDomains: enqueueActions(({ context: { activity }, enqueue }) => {
      const { activityId, unknown, repeated } = activity;
      if (unknown.length + repeated.length === 0) return;
      const fields = { activityId, unknown, repeated };
      enqueue.emit({ type: 'log.warn', message: 'desired_state_not_carried_out_in_full', fields });
    }),
    warnOfNoReboot: emit(({ context }) => ({
      type: 'log.warn',
      message: 'reboot_required_but_disabled',
      fields: { activityId: context.activity.activityId },
    })),
    reboot: emit({ type: 'reboot' }),
  },
  guards: {
    isNothingSupported: ({ context }) => context.activity.domains.length === 0,
    isUnidentified: ({ context }) => identificationOf(context.activity.domains) === 'failed',
    isIdentified: ({ context }) => identificationOf(context.activity.domains) === 'identified',
    isNothingToDo: ({ context }) =>
      identificationOf(context.activity.domains) === 'settled' && !context.activity.failure,
    areSettled: ({ context }) => areSettled(context.activity.domains),
    isGateOpen: ({ context }, { command }: { command: Exclude<Command, 'CLEANUP'> }) =>
      isGateOpen(command, context.activity.domains),
    needsConsent: ({ context }, { command }: ForPhase) =>
      context.activity.settings.ownerConsentCommands.includes(command),
    hasNobodyToAsk: ({ context }, { command }: ForPhase) => {
      const { settings, backend } = context.activity;
      return settings.ownerConsentCommands.includes(command) && backend.isThings && backend.thing === null;
    },
    isOtherQuestion: ({ context, event }) =>
      event.type === 'CONSENT' &&
      event.asker !== undefined &&
      event.asker.correlationId !== context.activity.correlationId,
    isOtherActivity: ({ context, event }) =>
      event.type === 'CONSENT' && event.activityId !== context.activity.activityId,
    isApproved: ({ event }) => event.type === 'CONSENT' && event.isApproved,
    isDelivered: ({ context, event }) => event.type === 'DELIVERED' && event.mark === context.mark,
    isBoot: ({ event }) => isBoot(event),
    isEndedBySuperseding: ({ context, event }) =>
      event.type === 'DELIVERED' && event.mark === context.mark && context.activity.terminal?.status === 'SUPERSEDED',
    isStopping: ({ context }) => context.isStopping,
    isRebootDue: ({ context: { activity } }) => needsReboot(activity) && activity.settings.rebootEnabled,
    isRebootWanted: ({ context: { activity } }) => needsReboot(activity),
  },
  delays: {
    phaseTimeout: ({ context }) => context.activity.settings.phaseTimeoutMs,
    ownerConsentTimeout: ({ context }) => context.leftMs,
    rebootAfter: ({ context }) => context.leftMs,
  },
});

/** The chart of an update activity; each is an actor of its own that ends with what became of it. */
function failed({ domains }: ActivityContext['activity']): Pick<ActivityOutput, 'failures'> {
  const failures = failuresOf(domains);
  return failures.length === 0 ? {} : { failures };
}

export const activityMachine = base.createMachine({
  id: 'update-activity',
  options: { maxIterations: 1_000 },
  context: ({ input }) => ({
    address: input.address,
    activity: newActivity(input),
    mark: 0,
    dueAt: 0,
    leftMs: 0,
    isStopping: false,
  }),
  output: ({ context: { activity } }) => ({
    activityId: activity.activityId,
    status: activity.terminal?.status ?? 'INCOMPLETE',
    message: activity.terminal?.message ?? null,
    rebootRequired: needsReboot(activity),
    ...failed(activity),
  }),
  initial: 'starting',
  on: {
    WINDOW_OVER: { actions: 'closeWindow' },
    CONFIGURE: { actions: 'configure' },
    CONSENT: { actions: { type: 'acknowledgeOwner', params: { problem: 'owner consent handler not available' } } },
  },
  states: {
    /** The desired state comes by an event and not as input, which every record of the actor would repeat. */
    starting: {
      meta: { waitsFor: 'its desired state, which the manager sends along', until: 'never' },
      on: { BEGIN: { target: 'validating', actions: 'begin' } },
    },
    validating: {
      entry: 'warnOfDomains',
      always: [{ guard: 'isNothingSupported', target: 'reporting', actions: 'endUnsupported' }, { target: 'running' }],
    },
    running: {
      initial: 'identifying',
      on: { 'runtime.restored': { guard: 'isBoot', actions: 'repeatRunning' } },
      states: {
        identifying: {
          entry: 'identify',
          ...answers('every domain to say what it would do', 'IDENTIFY', 'DOWNLOAD'),
          on: taking('IDENTIFY', 'DOWNLOAD'),
          always: [
            { guard: 'isUnidentified', target: '#reporting', actions: 'endUnidentified' },
            { guard: 'isIdentified', target: 'download', actions: 'startRunning' },
            {
              guard: 'isNothingToDo',
              target: '#reporting',
              actions: ['announceNothingToDo', { type: 'endSettled', params: { asked: 'IDENTIFY', next: null } }],
            },
            settling('IDENTIFY', 'DOWNLOAD'),
          ],
        },
        download: { id: 'download', ...phase('DOWNLOAD', 'UPDATE', '#update') },
        update: { id: 'update', ...phase('UPDATE', 'ACTIVATE', '#activate') },
        activate: { id: 'activate', ...phase('ACTIVATE', 'CLEANUP', '#cleaning') },
        rollingBack: {
          id: 'rollingBack',
          entry: { type: 'sendCommand', params: { command: 'ROLLBACK' } },
          ...answers('every domain to be rolled back', 'ROLLBACK', 'CLEANUP'),
          on: taking('ROLLBACK', 'CLEANUP'),
          always: [
            settling('ROLLBACK', 'CLEANUP'),
            {
              guard: { type: 'isGateOpen', params: { command: 'ROLLBACK' } },
              target: 'cleaning',
              actions: 'publishRunning',
            },
          ],
        },
        cleaning: {
          id: 'cleaning',
          entry: { type: 'sendCommand', params: { command: 'CLEANUP' } },
          ...answers('every domain to be cleaned up', 'CLEANUP', null),
          on: taking('CLEANUP', null),
          always: settling('CLEANUP', null),
        },
      },
    },
    reporting: {
      id: 'reporting',
      initial: 'sending',
      states: {
        sending: {
          entry: 'markEnd',
          meta: { waitsFor: `the broker to take the terminal feedback; ${SENT_AGAIN}`, until: 'never' },
          on: {
            DELIVERED: [
              { guard: 'isEndedBySuperseding', target: '#done' },
              { guard: 'isDelivered', target: 'reading' },
            ],
            STOP: { actions: 'noteStopping' },
          },
        },
        reading: {
          entry: 'askForReport',
          meta: {
            waitsFor: 'the agents to say what is there, each in its time, and the broker to take it',
            until: 'never',
          },
          on: {
            REPORTED: [
              { guard: 'isStopping', target: '#done' },
              { guard: 'isRebootDue', target: '#rebooting' },
              { guard: 'isRebootWanted', target: '#done', actions: 'warnOfNoReboot' },
              { target: '#done' },
            ],
            STOP: { actions: ['noteStopping', 'hurryReport'] },
          },
        },
      },
    },
    rebooting: {
      id: 'rebooting',
      initial: 'waiting',
      entry: 'noteRebootTime',
      on: { STOP: 'done' },
      states: {
        waiting: {
          meta: { waitsFor: 'the time that users have before the reboot', until: 'rebootAfter' },
          after: {
            rebootAfter: [
              { guard: 'isRebootDue', target: '#done', actions: 'reboot' },
              { target: '#done', actions: 'warnOfNoReboot' },
            ],
          },
          on: { 'runtime.restored': { guard: 'isBoot', target: 'resuming' } },
        },
        resuming: {
          meta: { waitsFor: 'the broker: nothing is rebooted before the vehicle can be reached again', until: 'never' },
          on: { 'BROKER.UP': { target: 'waiting', actions: 'noteTimeLeft' } },
        },
      },
    },
    done: { id: 'done', type: 'final' },
  },
});

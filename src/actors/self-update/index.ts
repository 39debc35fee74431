import type { EventObject } from 'xstate';
import {
  type AgentTopics,
  agentTopics,
  type EnvelopeResult,
  readCommand,
  readDesiredState,
  readGet,
} from '../../protocols/self-update/index.js';
import type { ActorType, OutputEffect } from '../../runtime/actor-type.js';
import type { Clock } from '../../runtime/clock.js';
import { effect } from '../../runtime/effect.js';
import type { Logger } from '../../runtime/logging/log.js';
import { Refusals } from '../../runtime/logging/refusals.js';
import type { Metrics } from '../../runtime/metrics.js';
import type { Child } from '../../runtime/supervision.js';
import type { ActorSystem } from '../../runtime/system.js';
import type { Subscription, Tell } from '../mqtt-link/index.js';
import type { DiscardDownload, Download } from './download/download.js';
import { AgentEffects } from './effects.js';
import type { AgentContext, AgentInbound, AgentInput, ChartSettings } from './events.js';
import type { Installer } from './installers/installer.js';
import { selfUpdateMachine } from './machine.js';
import { type AgentSettings, linkSettings } from './settings.js';

export { type AgentCommandLine, agentUsage, readAgentSettings } from './command-line.js';
export { createDownload } from './download/downloader.js';
export { discardDownload } from './download/partial-file.js';
export { createDummyInstaller } from './installers/dummy.js';
export type { Installer } from './installers/installer.js';
export { RaucInstaller } from './installers/rauc/rauc-installer.js';
export { BootConfirmation } from './installers/slots/boot-confirmation.js';
export { packBundle } from './installers/slots/pack-bundle.js';
export { SlotInstaller } from './installers/slots/slot-installer.js';
export { type AgentSettings, DEFAULT_SETTINGS } from './settings.js';

export interface SelfUpdateDeps {
  readonly settings: AgentSettings;
  /** Build number of the agent (SUA-17). */
  readonly build: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Carries `mqtt.publish` outputs; of the MQTT link. */
  readonly publish: OutputEffect;
  readonly installer: Installer;
  readonly download: Download;
  readonly discard: DiscardDownload;
}

export interface SelfUpdateAgent {
  readonly types: readonly ActorType[];
  /** To be started before the link. */
  readonly child: (system: ActorSystem) => Child;
  /** In this order (SUA-2). */
  readonly subscriptions: readonly Subscription[];
  readonly up: readonly Tell[];
  readonly down: readonly Tell[];
  /** How it connects. */
  readonly link: ReturnType<typeof linkSettings>;
}

const TYPE = 'self-update-agent';
const ADDRESS = `${TYPE}/os-image`;

/** The chart alone: enough for a replay. */
export const selfUpdateAgentType = { name: TYPE, version: 1, machine: selfUpdateMachine } as const;

/** The self-update agent as an actor: the chart over an installer, and what its MQTT link has to know. */
export function createSelfUpdateAgent(deps: SelfUpdateDeps): SelfUpdateAgent {
  const { settings, logger, publish } = deps;
  const input: AgentInput = { settings: chartSettings(deps) };
  const tell = (event: AgentInbound): readonly Tell[] => [{ to: ADDRESS, event }];
  return {
    types: [
      {
        ...selfUpdateAgentType,
        machine: providedMachine(deps, logger.child({ actor: ADDRESS })),
        durability: 'durable',
        // What is connected stays awake; and a step that a crash cut off goes on by itself.
        eager: true,
        idleAfterMs: 'never',
        restart: 'permanent',
        outputs: { 'mqtt.publish': publish },
        defer,
      },
    ],
    child: (system) => childOf(system, input),
    subscriptions: subscriptionsOf(agentTopics(settings.prefix), deps, tell),
    up: tell({ type: 'BROKER.UP' }),
    down: tell({ type: 'BROKER.DOWN' }),
    link: linkSettings(settings),
  };
}

function chartSettings({ settings, build }: SelfUpdateDeps): ChartSettings {
  const { mode, streamFallback, umCompat, strictReference, prefix, imageName } = settings;
  return { mode, streamFallback, umCompat, strictReference, prefix, imageName, build };
}

function providedMachine({ settings, ...deps }: SelfUpdateDeps, logger: Logger): ActorType['machine'] {
  const { path, allowHttp, caFile, caDirectory, maxBundleBytes, feedbackIntervalS } = settings;
  const effects = new AgentEffects({
    ...deps,
    logger,
    feedbackIntervalS,
    bundles: {
      folder: path,
      allowHttp,
      caDirectory,
      ...(caFile === undefined ? {} : { caFile }),
      ...(maxBundleBytes === undefined ? {} : { maxBytes: maxBundleBytes }),
    },
  });
  return selfUpdateMachine.provide({
    actors: {
      readBootedVersion: effect(effects.readBootedVersion),
      compareVersion: effect(effects.compareVersion),
      download: effect(effects.download),
      bundleVersion: effect(effects.bundleVersion),
      install: effect(effects.install),
      hold: effect(effects.hold),
      activate: effect(effects.activate),
      cleanUp: effect(effects.cleanUp),
      undo: effect(effects.undo),
    },
    actions: {
      compareId: ({ context, event }) => {
        if (!('activityId' in event) || event.activityId === context.activityId) return;
        logger.warn({ activityId: event.activityId, current: context.activityId }, 'command_of_other_activity');
      },
    },
  });
}

interface ChartSnapshot {
  readonly value: unknown;
  hasTag(tag: string): boolean;
}

/**
 * One message at a time (SUA-5): they wait while a step runs, and before BROKER.UP (SUA-3). A GET is answered at any
 * time (D-3), and ROLLBACK aborts a transfer (D-8).
 */
const defer: NonNullable<ActorType['defer']> = (snapshot, { type }) => {
  if (!/^(?:BROKER|DESIRED_STATE|GET_STATE|CMD)\b/.test(type)) return false;
  const chart = snapshot as unknown as ChartSnapshot;
  const { value } = chart;
  if (isIn(value, 'uninitialized')) return isIn(value, 'uninitialized', 'reading') || !type.startsWith('BROKER.');
  if (!chart.hasTag('busy') || type === 'GET_STATE') return false;
  return !(type === 'CMD.ROLLBACK' && isIn(value, 'downloading'));
};

function isIn(value: unknown, state: string, inner?: string): boolean {
  if (typeof value !== 'object' || value === null || !(state in value)) return false;
  return inner === undefined || (value as Record<string, unknown>)[state] === inner;
}

/** An agent that was there before goes on with the settings of this start. */
function childOf(system: ActorSystem, input: AgentInput): Child {
  const child = system.child(ADDRESS, { input });
  return {
    ...child,
    start: async (report) => {
      const known = system.peek(ADDRESS)?.context as AgentContext | undefined;
      await child.start(report);
      if (known === undefined || JSON.stringify(known.settings) === JSON.stringify(input.settings)) return;
      await system.tellStored(ADDRESS, { type: 'agent.configure', settings: input.settings } as EventObject);
    },
  };
}

function subscriptionsOf(
  topics: AgentTopics,
  { metrics, logger, clock }: SelfUpdateDeps,
  tell: (event: AgentInbound) => readonly Tell[],
): SelfUpdateAgent['subscriptions'] {
  const refusals = new Refusals({ boundary: 'self_update', metrics, logger, clock });
  const subscribe = <T>(
    filter: string,
    read: (payload: Uint8Array) => EnvelopeResult<T>,
    toEvent: (value: T) => AgentInbound,
  ): Subscription => ({
    filter,
    qos: 1,
    read: ({ topic, payload }) => {
      const message = read(payload);
      if (message.ok) return tell(toEvent(message.value));
      refusals.refuse(topic, message.error.code.toLowerCase(), { detail: message.error.detail });
      return [];
    },
  });
  return [
    subscribe(topics.desiredState, readDesiredState, (message) => {
      if (message.kind === 'faulty') return { type: 'DESIRED_STATE.INVALID', ...idAndReason(message) };
      const { kind: _, ...trigger } = message;
      return { type: 'DESIRED_STATE', ...trigger };
    }),
    subscribe(topics.currentStateGet, readGet, (message) => ({ type: 'GET_STATE', ...message })),
    subscribe(topics.command, readCommand, (message) =>
      message.kind === 'faulty'
        ? { type: 'CMD.UNKNOWN', ...idAndReason(message) }
        : { type: `CMD.${message.command}`, activityId: message.activityId },
    ),
  ];
}

const idAndReason = ({ activityId, reason }: { activityId: string; reason: string }) => ({ activityId, reason });

import type { TestContext } from 'node:test';
import { HONO } from '../../../src/protocols/ditto/index.js';
import { recordActor } from '../../../src/runtime/inspection/recorder.js';
import { testSystem } from '../../fakes/runtime.js';
import { ManagedVehicle, SETTINGS } from '../../fakes/update-backend.js';

/** Resolves with what all actors of the manager took and gave, a fixture line each. */
export type Flow = (t: TestContext) => Promise<readonly string[]>;

const BOTH = ['containers', 'self-update'];
const PHASES = ['IDENTIFIED', 'DOWNLOAD_SUCCESS', 'UPDATE_SUCCESS', 'ACTIVATION_SUCCESS'];
const THING = { deviceId: 'edge:car', tenantId: 't', policyId: 'p' };

/** A manager that is recorded from its first start on, and is told `tell` once it is connected. */
const flow =
  (tell: (vehicle: ManagedVehicle) => Promise<void>, settings: Partial<typeof SETTINGS> = {}): Flow =>
  async (t) => {
    const lines: string[] = [];
    const vehicle = new ManagedVehicle({ ...SETTINGS, ...settings });
    const run = await testSystem(t, vehicle.types);
    const { system } = run;
    const recorded = new Set<string>();
    system.onLifecycle((address, change) => {
      if (change !== 'woke' || recorded.has(address)) return;
      recorded.add(address);
      recordActor(system, address, (line) => lines.push(line));
    });
    await vehicle.begin(run);
    await vehicle.connect();
    await tell(vehicle);
    return lines;
  };

async function everybody(vehicle: ManagedVehicle, ...statuses: readonly string[]): Promise<void> {
  for (const status of statuses) for (const domain of BOTH) await vehicle.feedback(domain, 'a', status);
}

/** Connected, with both agents known. */
async function begin(vehicle: ManagedVehicle): Promise<void> {
  const [get] = vehicle.link.on('containersupdate/currentstate/get');
  await vehicle.answerReads(get?.message.activityId ?? '');
}

const consent = (vehicle: ManagedVehicle, status: string) =>
  vehicle.receive('vehicleupdate/ownerconsentfeedback', { activityId: 'a', timestamp: 1, payload: { status } });

/** An inbox message of the twin. */
const ask = (vehicle: ManagedVehicle, operation: string, value: object, correlationId = 'c1') =>
  vehicle.receive(`command///req/r1/${operation}`, {
    topic: `edge/car/things/live/messages/${operation}`,
    headers: { 'response-required': true, 'correlation-id': correlationId },
    path: `/features/UpdateManager/inbox/messages/${operation}`,
    value,
  });

/** The flows of spec 4 to 9, each as far as it leads. */
export const flows: Readonly<Record<string, Flow>> = {
  'current-state': flow(async (vehicle) => {
    await begin(vehicle);
    await vehicle.receive('vehicleupdate/currentstate/get', { activityId: 'g', timestamp: 1 });
    await vehicle.state('containers', 'g', 2);
    await vehicle.advance(SETTINGS.agents['self-update']?.readTimeoutMs ?? 0);
    await vehicle.state('containers', '', 3);
    await vehicle.advance(SETTINGS.currentStateDelayMs);
  }),
  'happy-path': flow(async (vehicle) => {
    await begin(vehicle);
    await vehicle.want('a');
    await everybody(vehicle, 'IDENTIFYING', 'IDENTIFIED', 'DOWNLOADING', 'DOWNLOAD_SUCCESS');
    await everybody(vehicle, 'UPDATING', 'UPDATE_SUCCESS', 'ACTIVATING', 'ACTIVATION_SUCCESS', 'CLEANUP_SUCCESS');
    await vehicle.answerReads('a', 2);
    await vehicle.advance(SETTINGS.rebootAfterMs);
  }),
  'nothing-to-do': flow(async (vehicle) => {
    await begin(vehicle);
    await vehicle.want('a');
    for (const domain of BOTH) await vehicle.feedback(domain, 'a', 'IDENTIFIED', { actions: [] });
    await vehicle.answerReads('a', 2);
  }),
  'no-supported-domain': flow(async (vehicle) => {
    await begin(vehicle);
    await vehicle.want('a', ['brakes']);
    await vehicle.answerReads('a', 2);
  }),
  'failure-with-cleanup': flow(async (vehicle) => {
    await begin(vehicle);
    await vehicle.want('a');
    await everybody(vehicle, 'IDENTIFIED');
    await vehicle.feedback('self-update', 'a', 'DOWNLOAD_FAILURE', { message: 'HTTP 404' });
    await vehicle.feedback('self-update', 'a', 'CLEANUP_SUCCESS');
    for (const status of PHASES.slice(1)) await vehicle.feedback('containers', 'a', status);
    await vehicle.feedback('containers', 'a', 'CLEANUP_SUCCESS');
    await vehicle.answerReads('a', 2);
  }),
  'approved-by-owner': flow(
    async (vehicle) => {
      await begin(vehicle);
      await vehicle.want('a');
      for (const status of PHASES.slice(0, 3)) {
        await everybody(vehicle, status);
        await consent(vehicle, 'APPROVED');
      }
      await everybody(vehicle, 'ACTIVATION_SUCCESS', 'CLEANUP_SUCCESS');
      await vehicle.answerReads('a', 2);
    },
    { ownerConsentCommands: ['DOWNLOAD', 'UPDATE', 'ACTIVATE'], rebootEnabled: false },
  ),
  'rollback-after-denial': flow(
    async (vehicle) => {
      await begin(vehicle);
      await vehicle.want('a');
      await everybody(vehicle, ...PHASES.slice(0, 3));
      await consent(vehicle, 'DENIED');
      await everybody(vehicle, 'ROLLBACK', 'ROLLBACK_SUCCESS', 'CLEANUP_SUCCESS');
      await vehicle.answerReads('a', 2);
    },
    { ownerConsentCommands: ['ACTIVATE'] },
  ),
  'silent-owner': flow(
    async (vehicle) => {
      await begin(vehicle);
      await vehicle.want('a');
      await everybody(vehicle, 'IDENTIFIED');
      await vehicle.advance(SETTINGS.ownerConsentTimeoutMs);
      await vehicle.answerReads('a', 2);
    },
    { ownerConsentCommands: ['DOWNLOAD'] },
  ),
  'identification-failed': flow(async (vehicle) => {
    await begin(vehicle);
    await vehicle.want('a');
    await vehicle.feedback('containers', 'a', 'IDENTIFICATION_FAILED', { message: 'unknown image', actions: [] });
    await vehicle.feedback('self-update', 'a', 'IDENTIFIED');
    await vehicle.answerReads('a', 2);
  }),
  'time-out': flow(async (vehicle) => {
    await begin(vehicle);
    await vehicle.want('a');
    await everybody(vehicle, 'IDENTIFIED');
    await vehicle.feedback('containers', 'a', 'DOWNLOAD_SUCCESS');
    await vehicle.feedback('self-update', 'a', 'DOWNLOADING');
    await vehicle.advance(SETTINGS.reportFeedbackIntervalMs);
    await vehicle.advance(SETTINGS.phaseTimeoutMs);
    await vehicle.answerReads('a', 2);
  }),
  queued: flow(async (vehicle) => {
    await begin(vehicle);
    await vehicle.want('a', ['containers']);
    await vehicle.want('b', ['containers']);
    await vehicle.feedback('containers', 'a', 'IDENTIFICATION_FAILED', { actions: [] });
    await vehicle.answerReads('a', 2);
    await vehicle.feedback('containers', 'b', 'IDENTIFIED', { actions: [] });
    await vehicle.answerReads('b', 3);
  }),
  superseded: flow(
    async (vehicle) => {
      await begin(vehicle);
      await vehicle.want('a');
      await everybody(vehicle, 'IDENTIFIED', 'DOWNLOAD_SUCCESS');
      await vehicle.want('b', ['containers']);
      await vehicle.feedback('containers', 'b', 'IDENTIFIED', { actions: [] });
      await vehicle.answerReads('b', 2);
    },
    { onBusy: 'supersede' },
  ),
  stopped: flow(async (vehicle) => {
    await begin(vehicle);
    await vehicle.want('a');
    await everybody(vehicle, 'IDENTIFIED');
    await vehicle.manager?.child.stop(30_000);
  }),
  things: flow(
    async (vehicle) => {
      await vehicle.receive(HONO.thingResponse, THING);
      await begin(vehicle);
      const components = [{ id: 'app', version: '2' }];
      const desiredState = { domains: BOTH.map((id) => ({ id, components })) };
      await ask(vehicle, 'apply', { activityId: 'a', timestamp: 1, desiredState });
      await everybody(vehicle, 'IDENTIFIED');
      const question = vehicle.link.on('e').find(({ message }) => String(message['topic']).endsWith('/consent'));
      const headers = question?.message['headers'] as Readonly<Record<string, string>> | undefined;
      const correlationId = headers?.['correlation-id'];
      const ownerConsentFeedback = { status: 'APPROVED' };
      await ask(vehicle, 'consent', { activityId: 'a', timestamp: 1, ownerConsentFeedback }, correlationId);
      await everybody(vehicle, ...PHASES.slice(1), 'CLEANUP_SUCCESS');
      await vehicle.answerReads('a', 2);
      await ask(vehicle, 'refresh', { activityId: 'r', timestamp: 1 });
      await vehicle.answerReads('r', 3);
    },
    { domain: 'device', thingsEnabled: true, ownerConsentCommands: ['DOWNLOAD'], rebootEnabled: false },
  ),
};

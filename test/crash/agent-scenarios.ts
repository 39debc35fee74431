/** Ways of an update that end badly for other reasons than the images, and updates without a manager. */
import type { ContainersRun } from './containers-run.js';
import { AFTER, BEFORE, type ContainersScenario, wish } from './containers-scenarios.js';

/** A container is removed from the cloud while the owner is asked. */
const removedMeanwhile =
  (name: string, command: string, answer: 'APPROVED' | 'DENIED') =>
  async (run: ContainersRun): Promise<void> => {
    const { backend, vehicle, cloud } = run;
    backend.answerConsent({ [command]: 'APPROVED' }, 'before');
    await run.update('before', BEFORE);
    await cloud.isHeard();
    const { connector } = cloud;
    const id = await run.idOf(name);
    await vehicle.arm();
    await run.desire('after', AFTER);
    await vehicle.until(() => backend.isAsked('after'), 'consent is asked for');
    await cloud.isHeard();
    connector.send(connector.thingId, `Container:${id}`, 'remove', true);
    await run.shows((rows) => !rows.some((row) => row.id === id));
    await backend.consent('after', answer, command);
    await run.ends('after');
  };

export const VANISHING: readonly ContainersScenario[] = [
  {
    name: 'gone before UPDATE',
    hasCloud: true,
    updateManager: { ownerConsentCommands: ['UPDATE'] },
    drive: removedMeanwhile('radio', 'UPDATE', 'APPROVED'),
  },
  {
    name: 'gone before ROLLBACK',
    hasCloud: true,
    updateManager: { ownerConsentCommands: ['ACTIVATE'] },
    drive: removedMeanwhile('map', 'ACTIVATE', 'DENIED'),
  },
];

/** The engine answers only after a while. */
export const LATE: ContainersScenario = {
  name: 'engine comes late',
  drive: async (run) => {
    const { vehicle } = run;
    await run.update('before', BEFORE);
    let show = (): void => {};
    const from = vehicle.states.length;
    await run.restartArmed(() => {
      show = run.engine.hide?.() ?? show;
    });
    await vehicle.until(
      () => vehicle.states.slice(from).some(({ state }) => state === 'lost.reconnecting'),
      'the engine is looked for again',
    );
    show();
    await vehicle.until(() => vehicle.last('engine-link') === 'ready.watching', 'the engine is there');
    await run.update('after', AFTER);
  },
};

const COMMANDS = [
  ['DOWNLOAD', 'DOWNLOAD_SUCCESS'],
  ['UPDATE', 'UPDATE_SUCCESS'],
  ['ACTIVATE', 'ACTIVATION_SUCCESS'],
] as const;

export const UNMANAGED: readonly ContainersScenario[] = [
  {
    name: 'two baselines',
    isUnmanaged: true,
    drive: async (run) => {
      await run.vehicle.arm();
      const baselines = { one: ['map'], two: ['new', 'radio'] };
      await run.desireOfAgent('first', [wish('map', '1.0'), wish('new', '1.0'), wish('radio', '1.0')], baselines);
      for (const baseline of Object.keys(baselines)) {
        for (const [command, result] of COMMANDS) await run.command('first', command, result, baseline);
        await run.command('first', 'CLEANUP', 'CLEANUP_SUCCESS', baseline);
      }
      await run.command('first', 'CLEANUP', 'CLEANUP_SUCCESS', 'containers:remove-components');
    },
  },
  {
    name: 'unattended',
    isUnmanaged: true,
    drive: async (run) => {
      const { vehicle } = run;
      await vehicle.arm();
      await run.desireOfAgent('first', [wish('map', '1.0')]);
      const isUnattended = (): boolean => vehicle.last('container-update-agent') === 'waiting.unattended';
      await vehicle.until(() => isUnattended() && !vehicle.isDoomed, 'nobody comes');
      for (const [command, result] of COMMANDS) await run.command('first', command, result);
      await run.command('first', 'CLEANUP', 'COMPLETED');
    },
  },
];

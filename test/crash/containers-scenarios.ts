import type { Tag } from './container-engines.js';
import type { ContainersRun, Wanted } from './containers-run.js';

/** How containers are brought into each state of their charts. */
export interface ContainersScenario {
  readonly name: string;
  /** Over the configuration that all have in common. */
  readonly updateManager?: Readonly<Record<string, unknown>>;
  /** Nobody tells the agent what to do but the scenario. */
  readonly isUnmanaged?: boolean;
  /** Containers are shown in a cloud. */
  readonly hasCloud?: boolean;
  readonly drive: (run: ContainersRun) => Promise<void>;
}

export const wish = (name: string, tag: Tag, config: Readonly<Record<string, string>> = {}): Wanted => ({
  name,
  tag,
  config,
});

export const BEFORE = [wish('map', '1.0'), wish('old', '1.0'), wish('radio', '1.0'), wish('same', '1.0')];
/** A container is replaced, one is made, one changed, one left alone, and one goes. */
export const AFTER = [
  wish('map', '2.0'),
  wish('new', '1.0'),
  wish('radio', '1.0', { restartPolicy: 'always' }),
  wish('same', '1.0'),
];

/** One update that nothing happens to, and another one that counts. */
const updated =
  (wishes: readonly Wanted[]) =>
  async (run: ContainersRun): Promise<void> => {
    await run.update('before', BEFORE);
    await run.vehicle.arm();
    await run.update('after', wishes);
  };

export const CHANGED: ContainersScenario = { name: 'changed', drive: updated(AFTER) };

export const FAILING: readonly ContainersScenario[] = [
  { name: 'image missing', drive: updated([wish('new', '1.0'), wish('map', 'missing'), wish('same', '1.0')]) },
  {
    name: 'does not start',
    drive: updated([wish('new', '1.0'), wish('map', 'bad'), wish('radio', '1.0', { restartPolicy: 'always' })]),
  },
  {
    name: 'denied at ACTIVATE',
    updateManager: { ownerConsentCommands: ['ACTIVATE'] },
    drive: async (run) => {
      const { backend, vehicle } = run;
      backend.answerConsent({ ACTIVATE: 'APPROVED' }, 'before');
      await run.update('before', BEFORE);
      backend.answerConsent({ ACTIVATE: 'DENIED' }, 'after');
      await vehicle.arm();
      await run.update('after', AFTER);
    },
  },
  {
    name: 'superseded',
    updateManager: { onBusy: 'supersede', ownerConsentCommands: ['UPDATE'] },
    drive: async (run) => {
      const { backend, vehicle } = run;
      await vehicle.arm();
      await run.desire('first', [wish('map', '1.0'), wish('radio', '1.0')]);
      await vehicle.until(() => backend.isAsked('first'), 'consent is asked for');
      backend.answerConsent({ UPDATE: 'APPROVED' }, 'second');
      await run.desire('second', [wish('map', '2.0'), wish('new', '1.0')]);
      await run.ends('first');
      await run.ends('second');
    },
  },
];

/** Three runs, and then it is given up. */
export const CRASHING: ContainersScenario = {
  name: 'exits again and again',
  drive: async (run) => {
    await run.vehicle.arm();
    await run.update('first', [wish('map', 'crash', { restartPolicy: 'on-failure', restartMaxRetries: '2' })]);
    // Not while it is started for the last time.
    const isGivenUp = (): boolean => run.vehicle.last('container') === 'exited';
    await run.shows((rows) => isGivenUp() && rows.some(({ restartCount }) => restartCount === 2));
  },
};

export const DESCRIBED: ContainersScenario = {
  name: 'descriptors',
  drive: async (run) => {
    await run.deploy([wish('map', '1.0'), wish('same', '1.0')]);
    await run.deploy([wish('map', '2.0'), wish('new', '1.0'), wish('old', 'bad'), wish('same', '1.0')], { arms: true });
  },
};

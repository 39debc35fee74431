/**
 * The vehicles of the comparison with the reference server, in a process of their own, so that what they cost is not
 * counted. Takes its load as the first message and says when all are connected; each message after that is answered
 * with the figures since the last one.
 */
import { createSimulation, type DeviceCredentials, openScratchSystem } from '../src/actors/simulation/index.js';

export interface Load {
  readonly port: number;
  readonly ca: string;
  readonly vehicles: readonly DeviceCredentials[];
  /** Records a second of each vehicle; 0: as fast as the window lets. */
  readonly perSecond: number;
  readonly window: number;
  readonly fields: number;
}

export interface LoadFigures {
  readonly acked: number;
  readonly resent: number;
  readonly p50: number;
  readonly p99: number;
  readonly durationMs: number;
}

process.once('message', async (load: Load) => {
  const { port, ca, vehicles, perSecond, window, fields } = load;
  const { system } = await openScratchSystem();
  const mix = { V: 1, alerts: 0, errors: 0 };
  const options = { url: `wss://localhost:${port}`, ca, vehicles, perSecond, window, fields, mix, rampPerSecond: 500 };
  const simulation = createSimulation(options, { system });
  simulation.start();
  await simulation.connected();
  process.on('message', () => {
    const { acked, resent, latency, durationMs } = simulation.stats();
    process.send?.({ acked, resent, p50: latency.p50, p99: latency.p99, durationMs } satisfies LoadFigures);
    simulation.resetStats();
  });
  process.send?.({});
});
process.on('disconnect', () => process.exit(0));

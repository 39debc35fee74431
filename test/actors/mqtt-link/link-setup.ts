import type { TestContext } from 'node:test';
import type { LinkContext } from '../../../src/actors/mqtt-link/events.js';
import { createMqttLinks, type MqttLinkOptions } from '../../../src/actors/mqtt-link/index.js';
import {
  ActorSystem,
  type Clock,
  type Logger,
  Metrics,
  silentLogger,
  systemClock,
} from '../../../src/runtime/index.js';
import { eventually, temporaryFolder } from '../../fakes/runtime.js';
import { SCRIBE, type ScribeContext, type ScribeEvent, scribeOptions, scribeType } from './scribe.js';

export interface LinkUnderTest {
  readonly system: ActorSystem;
  readonly metrics: Metrics;
  readonly directory: string;
  heard(): readonly string[];
  counted(): number;
  /** Code and message of the last failure. */
  lastError(): { readonly code: string | null; readonly message: string } | null;
  state(): string | undefined;
  tell(event: ScribeEvent): void;
  metric(name: string): Promise<number>;
  /** Waits until the chart of the link is in a state. */
  reaches(state: string): Promise<void>;
  hears(text: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startLink(
  t: TestContext,
  url: string,
  options: Partial<MqttLinkOptions> & {
    readonly directory?: string;
    readonly logger?: Logger;
    /** Of the link, not of its chart. */
    readonly clock?: Clock;
  } = {},
): Promise<LinkUnderTest> {
  const { directory = temporaryFolder(t), logger = silentLogger(), clock = systemClock, ...rest } = options;
  const system = new ActorSystem({ directory });
  const metrics = new Metrics();
  const links = createMqttLinks({ system, clock, logger, metrics });
  system.register(links.type);
  system.register(scribeType(links.publisher('scribe'), links.subscriber('scribe')));
  const child = links.add({ ...scribeOptions, url, ...rest });
  await system.start();
  await child.start(() => {});
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    await child.stop(2_000);
    await links.close(0);
    await system.stop(1_000);
  };
  t.after(stop);
  const state = () => system.cell('mqtt-link/scribe')?.stateText;
  const scribe = () => system.peek(SCRIBE)?.context as ScribeContext | undefined;
  const heard = () => scribe()?.heard ?? [];
  return {
    system,
    metrics,
    directory,
    heard,
    counted: () => scribe()?.counted ?? 0,
    lastError: () => (system.cell('mqtt-link/scribe')?.snapshot?.context as LinkContext | undefined)?.lastError ?? null,
    state,
    tell: (event) => void system.tell(SCRIBE, event),
    metric: async (name) => {
      const line = (await metrics.text()).split('\n').find((each) => each.startsWith(`${name}{`));
      return Number(line?.split(' ').at(-1) ?? 0);
    },
    reaches: (wanted) => eventually(() => state() === wanted, `the link is ${wanted}`, 30_000),
    hears: (text) => eventually(() => heard().includes(text), `the scribe hears ${text}`, 30_000),
    stop,
  };
}

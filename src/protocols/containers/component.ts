import type { Result } from '../result.js';
import type { DesiredComponent } from '../update-agent/index.js';
import { completeConfig } from './defaults.js';
import type { ContainerDraft, DeviceDraft, MountDraft } from './draft.js';
import { type Line, parseDevice, parseMount, parsePort } from './mappings.js';
import type { ContainerConfig, PortMapping } from './model.js';
import { quoted } from './validation.js';
import { parseFlag, parseInteger } from './words.js';

/** More is no configuration of a container. */
const MOST_ENTRIES = 2_000;
const MOST_CHARACTERS = 262_144;

/** The container that a component of a desired state describes (§A.3); `warn` hears of what is passed over. */
export function readComponent(component: DesiredComponent, warn: (text: string) => void): Result<ContainerConfig> {
  const { id = '', version = '', config = [] } = component;
  const characters = config.reduce((sum, { key = '', value = '' }) => sum + key.length + value.length, 0);
  if (config.length > MOST_ENTRIES || characters > MOST_CHARACTERS) {
    const detail = `more than ${MOST_ENTRIES} configuration entries or ${MOST_CHARACTERS} characters of them`;
    return { ok: false, error: { code: 'too_large', detail } };
  }
  return completeConfig(draftOf(id, version, new Entries(config, warn)));
}

function draftOf(id: string, version: string, entries: Entries): ContainerDraft {
  return {
    name: id,
    image: entries.text('image') ?? `${id}:${version}`,
    mounts: entries.lines<MountDraft>('mount', parseMount),
    env: entries.all('env'),
    cmd: entries.all('cmd'),
    tty: entries.flag('terminal'),
    openStdin: entries.flag('interactive'),
    privileged: entries.flag('privileged'),
    network: entries.text('network'),
    devices: entries.lines<DeviceDraft>('device', parseDevice),
    extraHosts: entries.all('host'),
    ports: entries.lines<PortMapping>('port', parsePort),
    restartPolicy: restartPolicyOf(entries),
    log: {
      driver: entries.text('logDriver'),
      maxFiles: entries.integer('logMaxFiles'),
      maxSize: entries.text('logMaxSize'),
      rootDir: entries.text('logPath'),
      mode: entries.text('logMode'),
      maxBufferSize: entries.text('logMaxBufferSize'),
    },
    resources: {
      memory: entries.text('memory'),
      memoryReservation: entries.text('memoryReservation'),
      memorySwap: entries.text('memorySwap'),
    },
  };
}

/** Of `on-failure` alone the rest is read. An empty one is unsupported, an absent one has its default. */
function restartPolicyOf(entries: Entries): ContainerDraft['restartPolicy'] {
  const type = entries.text('restartPolicy');
  if (type !== 'on-failure') return type === undefined ? undefined : { type };
  return { type, maxRetries: entries.integer('restartMaxRetries'), retryTimeoutS: entries.integer('restartTimeout') };
}

/** A component's configuration by its keys; of a key that has one value the last one counts. */
class Entries {
  readonly #values = new Map<string, string[]>();

  constructor(
    config: NonNullable<DesiredComponent['config']>,
    private readonly warn: (text: string) => void,
  ) {
    for (const { key = '', value = '' } of config) {
      const values = this.#values.get(key);
      if (values === undefined) this.#values.set(key, [value]);
      else values.push(value);
    }
  }

  all(key: string): readonly string[] {
    return this.#values.get(key) ?? [];
  }

  text(key: string): string | undefined {
    return this.all(key).at(-1);
  }

  flag(key: string): boolean {
    return this.#word(key, parseFlag, 'no truth value, false is taken') ?? false;
  }

  integer(key: string): number {
    return this.#word(key, parseInteger, 'no integer, 0 is taken') ?? 0;
  }

  lines<T>(key: string, parse: (text: string) => Line<T>): readonly T[] {
    return this.all(key).flatMap((text) => {
      const line = parse(text);
      if ('value' in line) return [line.value];
      this.warn(`${key} "${quoted(text)}" is ignored: ${line.ignored}`);
      return [];
    });
  }

  #word<T>(key: string, parse: (text: string) => T | undefined, problem: string): T | undefined {
    const text = this.text(key);
    if (text === undefined) return undefined;
    const value = parse(text);
    if (value === undefined) this.warn(`${key} "${quoted(text)}" is ${problem}`);
    return value;
  }
}

/** What SoftwareUpdatable is asked to install and to remove (THG-17, THG-18, THG-20). */
import { createHash } from 'node:crypto';
import { flag, Mismatch, objectOf, type Read, text } from '../update-agent/index.js';
import { boundedListOf } from './lists.js';

const MOST_MODULES = 100;
const MOST_ARTIFACTS = 20;
const MOST_SOFTWARE = 200;

const ALGORITHMS = ['MD5', 'SHA1', 'SHA256'] as const;

export interface Checksum {
  readonly algorithm: (typeof ALGORITHMS)[number];
  /** As it was given. */
  readonly hex: string;
}

/** A container's descriptor, to be fetched. */
export interface Artifact {
  readonly fileName: string;
  /** Empty if there is no link to it. */
  readonly url: string;
  /** `undefined`: taken as it comes, with a warning. */
  readonly checksum?: Checksum;
}

export interface SoftwareModule {
  readonly name: string;
  readonly version: string;
  readonly artifacts: readonly Artifact[];
}

export interface InstallAction {
  readonly correlationId: string;
  readonly modules: readonly SoftwareModule[];
}

/** An installed container, by its id. */
export interface Software {
  readonly group: string;
  readonly name: string;
  readonly version: string;
  readonly type: string;
}

export interface RemoveAction {
  readonly correlationId: string;
  /** The rest is removed although one of them was not. */
  readonly isForced: boolean;
  readonly software: readonly Software[];
}

const link = objectOf((member) => ({ url: member('url', text) }));

/** Plain HTTP is preferred: the checksum is what one relies on. */
const download = objectOf((member) => member('HTTP', link)?.url || member('HTTPS', link)?.url);

const checksums = objectOf((member): Checksum | undefined => {
  for (const algorithm of ALGORITHMS) {
    const hex = member(algorithm, text);
    if (hex !== '') return { algorithm, hex };
  }
  return undefined;
});

const artifact = objectOf((member): Artifact => {
  const checksum = member('checksums', checksums);
  return {
    fileName: member('filename', text),
    url: member('download', download) ?? '',
    ...(checksum ? { checksum } : {}),
  };
});

const identity = objectOf((member) => ({ name: member('name', text), version: member('version', text) }));

const softwareModule = objectOf(
  (member): SoftwareModule => ({
    ...(member('softwareModule', identity) ?? { name: '', version: '' }),
    artifacts: member('artifacts', some(MOST_ARTIFACTS, artifact)),
  }),
);

const software = objectOf(
  (member): Software => ({
    group: member('group', text),
    name: member('name', text),
    version: member('version', text),
    type: member('type', text),
  }),
);

function some<T>(most: number, read: Read<T | undefined>): Read<T[]> {
  const list = boundedListOf(most, read);
  return (value, path) => {
    const items = list(value, path);
    if (items.length === 0) throw new Mismatch(path, 'a list with something in it', value);
    return items;
  };
}

export const readInstall = objectOf(
  (member): InstallAction => ({
    correlationId: member('correlationId', text),
    modules: member('softwareModules', some(MOST_MODULES, softwareModule)),
  }),
);

export const readRemove = objectOf(
  (member): RemoveAction => ({
    correlationId: member('correlationId', text),
    isForced: member('forced', flag),
    software: member('software', some(MOST_SOFTWARE, software)),
  }),
);

/** Why bytes are not what a checksum stands for; `undefined` if they are. */
export function checksumProblem(bytes: Uint8Array, { algorithm, hex }: Checksum): string | undefined {
  const found = createHash(algorithm.toLowerCase()).update(bytes).digest('hex');
  return found === hex.toLowerCase() ? undefined : `the ${algorithm} checksum is ${found} instead of ${hex}`;
}

import { omitEmpty } from './compact.js';
import { listOf, objectOf, type Read, text } from './go-json.js';

/** Values are always text, and `config` always a list of them (UM-MSG-5). */
export interface KeyValue {
  readonly key?: string;
  readonly value?: string;
}

export interface DesiredComponent {
  /** Without the domain's prefix, by convention. */
  readonly id?: string;
  readonly version?: string;
  readonly config?: readonly KeyValue[];
}

export interface DesiredDomain {
  readonly id?: string;
  readonly config?: readonly KeyValue[];
  readonly components?: readonly DesiredComponent[];
}

/** Components of several domains that belong together. */
export interface Baseline {
  readonly title?: string;
  readonly description?: string;
  /** Expressions that the manager passes on and never evaluates. */
  readonly preconditions?: string;
  /** `<domain>:<component>` */
  readonly components?: readonly string[];
}

/** What a vehicle, or one domain of it, is to become (spec 3.3). */
export interface DesiredState {
  readonly baselines?: readonly Baseline[];
  readonly domains?: readonly DesiredDomain[];
}

export const readKeyValues: Read<KeyValue[]> = listOf(
  objectOf((member) => omitEmpty({ key: member('key', text), value: member('value', text) })),
);

const readComponents: Read<DesiredComponent[]> = listOf(
  objectOf((member) =>
    omitEmpty({
      id: member('id', text),
      version: member('version', text),
      config: member('config', readKeyValues),
    }),
  ),
);

const readDomains: Read<DesiredDomain[]> = listOf(
  objectOf((member) =>
    omitEmpty({
      id: member('id', text),
      config: member('config', readKeyValues),
      components: member('components', readComponents),
    }),
  ),
);

const readBaselines: Read<Baseline[]> = listOf(
  objectOf((member) =>
    omitEmpty({
      title: member('title', text),
      description: member('description', text),
      preconditions: member('preconditions', text),
      components: member('components', listOf(text)),
    }),
  ),
);

/** `undefined` for an absent one. */
export const readDesiredState: Read<DesiredState | undefined> = objectOf((member) =>
  omitEmpty({ baselines: member('baselines', readBaselines), domains: member('domains', readDomains) }),
);

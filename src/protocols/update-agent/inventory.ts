import { omitEmpty } from './compact.js';
import { type KeyValue, readKeyValues } from './desired-state.js';
import { flag, listOf, objectOf, type Read, text } from './go-json.js';

export interface HardwareNode {
  readonly id?: string;
  readonly version?: string;
  readonly name?: string;
  readonly parameters?: readonly KeyValue[];
  readonly addressable?: boolean;
}

export interface SoftwareNode {
  readonly id?: string;
  readonly version?: string;
  readonly name?: string;
  readonly parameters?: readonly KeyValue[];
  /** `IMAGE`, `RAW`, `DATA`, `APPLICATION`, `CONTAINER`; not validated. */
  readonly type?: string;
}

export interface Association {
  readonly sourceId?: string;
  readonly targetId?: string;
}

/** What is there: the current state of a domain or of the vehicle (spec 3.6). */
export interface Inventory {
  readonly hardwareNodes?: readonly HardwareNode[];
  readonly softwareNodes?: readonly SoftwareNode[];
  readonly associations?: readonly Association[];
}

const readHardware: Read<HardwareNode[]> = listOf(
  objectOf((member) =>
    omitEmpty({
      id: member('id', text),
      version: member('version', text),
      name: member('name', text),
      parameters: member('parameters', readKeyValues),
      addressable: member('addressable', flag),
    }),
  ),
);

const readSoftware: Read<SoftwareNode[]> = listOf(
  objectOf((member) =>
    omitEmpty({
      id: member('id', text),
      version: member('version', text),
      name: member('name', text),
      parameters: member('parameters', readKeyValues),
      type: member('type', text),
    }),
  ),
);

const readAssociations: Read<Association[]> = listOf(
  objectOf((member) => omitEmpty({ sourceId: member('sourceId', text), targetId: member('targetId', text) })),
);

export const readInventory: Read<Inventory | undefined> = objectOf((member) =>
  omitEmpty({
    hardwareNodes: member('hardwareNodes', readHardware),
    softwareNodes: member('softwareNodes', readSoftware),
    associations: member('associations', readAssociations),
  }),
);

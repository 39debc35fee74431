/** What features can be asked to do, and how its value is read (C.3, C.4, C.6, C.7). */
import type { ResourcesDraft, RestartPolicyDraft } from '../containers/index.js';
import { flag, integer, Mismatch, objectOf, type Read, readAs, text } from '../update-agent/index.js';
import { readConfiguration, readResources, readRestartPolicy, type WantedConfig } from './configuration.js';
import { containerOf, FACTORY, METRICS, SOFTWARE_UPDATABLE } from './features.js';
import { type MetricsRequest, readMetricsRequest } from './metrics-request.js';
import type { OperationFailure } from './publication.js';
import { type InstallAction, type RemoveAction, readInstall, readRemove } from './software-actions.js';

/** A container to be made. */
export interface CreateOperation {
  readonly operation: 'create';
  readonly imageRef: string;
  /** Empty: the id. */
  readonly name: string;
  readonly isStarted: boolean;
  /** JSON of a {@link WantedConfig}: as a text of this name, what it holds is seen neither in views nor in fixtures. */
  readonly secretConfig: string;
}

/** What one container is to do. */
export type ContainerOrder =
  | { readonly type: 'START' | 'PAUSE' | 'RESUME' }
  | { readonly type: 'STOP'; readonly timeoutS?: number; readonly force?: boolean; readonly signal?: string }
  | { readonly type: 'RENAME'; readonly name: string }
  | { readonly type: 'UPDATE'; readonly resources?: ResourcesDraft; readonly restartPolicy?: RestartPolicyDraft }
  | { readonly type: 'REMOVE'; readonly force: boolean };

export type Operation =
  | CreateOperation
  | { readonly operation: 'command'; readonly id: string; readonly command: ContainerOrder }
  | ({ readonly operation: 'install' } & InstallAction)
  | ({ readonly operation: 'remove' } & RemoveAction)
  | ({ readonly operation: 'metrics' } & MetricsRequest);

export type OperationResult =
  | { readonly ok: true; readonly operation: Operation }
  | { readonly ok: false; readonly failure: OperationFailure };

/** Finds an operation by its feature and name; a value of another form is refused with 400. */
export function readOperation(feature: string, name: string, value: unknown): OperationResult {
  const id = containerOf(feature);
  const known = id === undefined ? featureOperations[feature] : containerOperations(id);
  if (known === undefined) return refused(400, `there is no feature ${feature.slice(0, LONGEST_SHOWN)}`);
  const read = Object.hasOwn(known, name) ? known[name] : undefined;
  if (read === undefined) {
    return refused(404, `unsupported operation called [operationId = ${name.slice(0, LONGEST_SHOWN)}]`);
  }
  const result = readAs(value, read);
  return result.ok ? { ok: true, operation: result.value } : refused(400, result.error.detail);
}

const LONGEST_SHOWN = 200;

const refused = (status: OperationFailure['status'], message: string): OperationResult => ({
  ok: false,
  failure: { status, message },
});

const isAbsent = (value: unknown): value is null | undefined => value === null || value === undefined;

type Operations = Readonly<Record<string, Read<Operation>>>;

/** Text that must be there. */
const said: Read<string> = (value, path) => given(text)(value, path);

function given<T>(read: Read<T | undefined>): Read<T> {
  return (value, path) => {
    const found = isAbsent(value) ? undefined : read(value, path);
    if (found === undefined) throw new Mismatch(path, 'a value', value);
    return found;
  };
}

const create = objectOf(
  (member): CreateOperation => ({
    operation: 'create',
    imageRef: member('imageRef', text),
    name: '',
    isStarted: member('start', flag),
    secretConfig: '{}',
  }),
);

const createWithConfig = objectOf(
  (member): CreateOperation => ({
    operation: 'create',
    imageRef: member('imageRef', text),
    name: member('name', text),
    isStarted: member('start', flag),
    secretConfig: JSON.stringify(member('config', readConfiguration) ?? ({} satisfies WantedConfig)),
  }),
);

const featureOperations: Readonly<Record<string, Operations | undefined>> = Object.assign(Object.create(null), {
  [FACTORY]: { create: given(create), createWithConfig: given(createWithConfig) },
  [SOFTWARE_UPDATABLE]: {
    install: (value, path) => ({ operation: 'install', ...given(readInstall)(value, path) }),
    remove: (value, path) => ({ operation: 'remove', ...given(readRemove)(value, path) }),
  },
  [METRICS]: { request: (value, path) => ({ operation: 'metrics', ...given(readMetricsRequest)(value, path) }) },
} satisfies Record<string, Operations>);

/** `none or {}`. */
const nothing = objectOf(() => undefined);

const stopOptions = objectOf((member) => {
  const timeoutS = member('timeout', (value, path) => (isAbsent(value) ? undefined : wholeSeconds(value, path)));
  const signal = member('signal', text);
  return { timeoutS, signal, force: member('force', flag) };
});
const wholeSeconds = integer(-(2 ** 31), 2 ** 31 - 1);

const update = objectOf((member) => {
  const restartPolicy = member('restartPolicy', readRestartPolicy);
  const resources = member('resources', readResources);
  return { ...(restartPolicy && { restartPolicy }), ...(resources && { resources }) };
});

function containerOperations(id: string): Operations {
  const command =
    (read: Read<ContainerOrder>): Read<Operation> =>
    (value, path) => ({ operation: 'command', id, command: read(value, path) });
  const plain = (type: 'START' | 'PAUSE' | 'RESUME' | 'STOP') =>
    command((value, path) => {
      nothing(value, path);
      return { type };
    });
  return {
    start: plain('START'),
    pause: plain('PAUSE'),
    resume: plain('RESUME'),
    stop: plain('STOP'),
    stopWithOptions: command((value, path) => {
      const { timeoutS, signal = '', force = false } = stopOptions(value, path) ?? {};
      return {
        type: 'STOP',
        force,
        ...(timeoutS === undefined ? {} : { timeoutS }),
        ...(signal === '' ? {} : { signal }),
      };
    }),
    rename: command((value, path) => ({ type: 'RENAME', name: said(value, path) })),
    remove: command((value, path) => ({ type: 'REMOVE', force: given(flag)(value, path) })),
    update: command((value, path) => ({ type: 'UPDATE', ...given(update)(value, path) })),
  };
}

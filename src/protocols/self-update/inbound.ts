/** Reads what the self-update agent is sent (SUA §3). Nothing here throws, whatever the bytes. */
import { isObject, type JsonObject } from '../json-object.js';
import { type EnvelopeResult, readEnvelope, readObject, refused } from './envelope.js';

export const AGENT_COMMANDS = ['DOWNLOAD', 'UPDATE', 'ACTIVATE', 'CLEANUP', 'ROLLBACK'] as const;
export type AgentCommand = (typeof AGENT_COMMANDS)[number];

/** A message of which nothing can be made; `reason` is the text for its sender (SUA §3.4). */
export interface FaultyMessage {
  readonly kind: 'faulty';
  readonly activityId: string;
  readonly reason: string;
}

export interface DesiredState {
  readonly kind: 'desired state';
  readonly activityId: string;
  readonly version: string;
  readonly url: string;
  readonly pins?: BundlePins;
}

/** What the component's configuration says of the bundle beyond its URL: keys of ours, which the reference ignores. */
export interface BundlePins {
  /** Lower case hex. */
  readonly sha256?: string;
  /** Bytes. */
  readonly size?: number;
}

export interface Command {
  readonly kind: 'command';
  readonly activityId: string;
  readonly command: AgentCommand;
}

/** A desired state (SUA-10, SUA-11). */
export function readDesiredState(bytes: Uint8Array): EnvelopeResult<DesiredState | FaultyMessage> {
  return readPayload(bytes, (payload, activityId) => {
    const domain = elementWith(payload, 'payload.domains', 'id', 'self-update');
    if (!domain) throw new Fault(`mandatory domain with 'id'='self-update' is missing`);
    const component = elementWith(domain, 'payload.domains[].components', 'id', 'os-image');
    if (!component) throw new Fault(`mandatory component with 'id'='os-image' is missing`);
    const image = elementWith(component, 'payload.domains[].components[].config', 'key', 'image');
    if (!image) throw new Fault('mandatory config entry with bundle url is missing');
    const version = textAt(component, 'payload.domains[].components[].version');
    if (version === '') throw new Fault('mandatory bundle version is empty');
    const url = textAt(image, 'payload.domains[].components[].config[].value');
    if (url === '') throw new Fault('mandatory bundle download url is empty');
    const pins = pinsIn(component);
    return { kind: 'desired state', activityId, version, url, ...(pins ? { pins } : {}) };
  });
}

function pinsIn(component: JsonObject): BundlePins | undefined {
  const path = 'payload.domains[].components[].config';
  const [hash, bytes] = ['sha256', 'size'].map((key) => {
    const entry = elementWith(component, path, 'key', key);
    return entry && textAt(entry, `${path}[].value`);
  });
  if (hash !== undefined && !/^[0-9a-f]{64}$/i.test(hash))
    throw new Fault(`config entry 'sha256' is no SHA-256 in hex`);
  if (bytes !== undefined && !/^[1-9]\d{0,14}$/.test(bytes))
    throw new Fault(`config entry 'size' is no number of bytes`);
  if (hash === undefined && bytes === undefined) return undefined;
  return {
    ...(hash === undefined ? {} : { sha256: hash.toLowerCase() }),
    ...(bytes === undefined ? {} : { size: Number(bytes) }),
  };
}

/** A command (SUA-12). */
export function readCommand(bytes: Uint8Array): EnvelopeResult<Command | FaultyMessage> {
  return readPayload(bytes, (payload, activityId) => {
    const text = textAt(payload, 'payload.command');
    const command = AGENT_COMMANDS.find((known) => known === text);
    if (!command) throw new Fault(`unknown command '${text}'`);
    return { kind: 'command', activityId, command };
  });
}

/** A request for the current state: a trigger, with or without an id (SUA-14, D-4). */
export function readGet(bytes: Uint8Array): EnvelopeResult<{ readonly activityId?: string }> {
  if (bytes.length === 0) return { ok: true, value: {} };
  const read = readObject(bytes);
  if (!read.ok) return read;
  const { activityId = '' } = read.value;
  if (typeof activityId !== 'string') return refused('SELF_UPDATE_NO_ACTIVITY', `'activityId' is not a string`);
  return { ok: true, value: activityId === '' ? {} : { activityId } };
}

/** Thrown and caught within this file. */
class Fault extends Error {}

function readPayload<T>(
  bytes: Uint8Array,
  read: (payload: JsonObject, activityId: string) => T,
): EnvelopeResult<T | FaultyMessage> {
  const envelope = readEnvelope(bytes);
  if (!envelope.ok) return envelope;
  const { activityId, message } = envelope.value;
  try {
    const payload = at(message, 'payload');
    if (!isObject(payload)) throw new Fault(`'payload' is not an object`);
    return { ok: true, value: read(payload, activityId) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { ok: true, value: { kind: 'faulty', activityId, reason: error.message } };
  }
}

/** What stands in `holder` under the last step of `path`, which names it for people. */
function at(holder: JsonObject, path: string): unknown {
  const value = holder[path.slice(path.lastIndexOf('.') + 1)];
  if (value === undefined) throw new Fault(`key '${path}' not found`);
  return value;
}

function textAt(holder: JsonObject, path: string): string {
  const value = at(holder, path);
  if (typeof value !== 'string') throw new Fault(`'${path}' is not a string`);
  return value;
}

/** The first element of a list whose `key` has that value. */
function elementWith(holder: JsonObject, path: string, key: string, wanted: string): JsonObject | undefined {
  const list = at(holder, path);
  if (!Array.isArray(list)) throw new Fault(`'${path}' is not a list`);
  return list.find((element): element is JsonObject => isObject(element) && element[key] === wanted);
}

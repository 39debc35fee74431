/** The keys of CURVE, from the reference's files. They are read at each bind; what is wrong is said without their content. */
import { readFile } from 'node:fs/promises';
import { isCurveKey } from '../../../protocols/zeromq/index.js';
import { DispatchError } from '../errors.js';

export interface CurveKeys {
  /** Z85. */
  readonly serverSecretKey: string;
  /** Public keys in Z85 of the clients that get in; `*` stands for all. */
  readonly allowed: ReadonlySet<string>;
}

/** Who knows the server's public key gets in. */
const EVERYBODY = '*';

/** Without a file of allowed keys nobody is allowed, as in the reference. */
export async function readCurveKeys(serverKeyFile: string, allowedKeysFile: string): Promise<CurveKeys> {
  const key = await readJson(serverKeyFile, 'server_key_json_path');
  const secret = typeof key === 'object' && key !== null ? memberOf(key, 'secret') : undefined;
  if (typeof secret !== 'string' || !isCurveKey(secret)) {
    throw unusable(
      `server_key_json_path: ${serverKeyFile} holds no {"secret": KEY, "public": KEY} with keys of 40 characters in Z85`,
    );
  }
  if (allowedKeysFile === '') return { serverSecretKey: secret, allowed: new Set() };
  const list = await readJson(allowedKeysFile, 'allowed_public_keys_json_path');
  const at = `allowed_public_keys_json_path: ${allowedKeysFile}`;
  if (!Array.isArray(list)) throw unusable(`${at} holds no JSON array of public keys`);
  const allowed = new Set<string>();
  for (const [index, entry] of list.entries()) {
    if (typeof entry !== 'string' || !(entry === EVERYBODY || isCurveKey(entry))) {
      throw unusable(`${at}: entry ${index} is no public key of 40 characters in Z85`);
    }
    allowed.add(entry);
  }
  return { serverSecretKey: secret, allowed };
}

export const isAllowed = ({ allowed }: CurveKeys, publicKey: string): boolean =>
  allowed.has(EVERYBODY) || allowed.has(publicKey);

async function readJson(file: string, key: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw unusable(`${key}: ${(error as Error).message}`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Without the parser's message, which shows a piece of the text.
    throw unusable(`${key}: ${file} is no JSON`);
  }
}

/** A member by its name in any case, as the reference reads it. */
function memberOf(object: object, name: string): unknown {
  return Object.entries(object).find(([key]) => key.toLowerCase() === name)?.[1];
}

const unusable = (message: string): DispatchError =>
  new DispatchError('DISPATCH_ZMQ_KEYS_UNUSABLE', message, { retryable: true });

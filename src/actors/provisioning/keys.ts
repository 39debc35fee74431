import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { ProvisioningError } from './errors.js';

const generate = promisify(generateKeyPair);

/** Elliptic curve P-256, or RSA for peers that need it: about 4 000 times as slow to make. */
export type KeyKind = { readonly type: 'ec' } | { readonly type: 'rsa'; readonly bits: number };

export const P256: KeyKind = { type: 'ec' };

const RSA_BITS = { min: 2_048, max: 8_192 } as const;

/** A new private key as PKCS#8 PEM without passphrase. */
export async function generateKey(kind: KeyKind = P256): Promise<string> {
  const { privateKey } = await generatePair(kind);
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function generatePair(kind: KeyKind): Promise<{ privateKey: KeyObject }> {
  if (kind.type === 'ec') return generate('ec', { namedCurve: 'P-256' });
  if (!Number.isInteger(kind.bits) || kind.bits < RSA_BITS.min || kind.bits > RSA_BITS.max) {
    const range = `${RSA_BITS.min} to ${RSA_BITS.max}`;
    throw new ProvisioningError('PROVISIONING_ARGUMENT', `an RSA key has ${range} bits, not ${kind.bits}`);
  }
  return generate('rsa', { modulusLength: kind.bits });
}

/** The DER of the public half (SubjectPublicKeyInfo). */
export function publicKeyOf(keyPem: string): Buffer {
  return createPublicKey(keyPem).export({ type: 'spki', format: 'der' });
}

/** How a key signs and how webcrypto names that. */
export interface SigningScheme {
  readonly algorithm: EcdsaScheme | RsaScheme;
  readonly pkcs8: Buffer;
}

interface EcdsaScheme {
  readonly name: 'ECDSA';
  readonly namedCurve: string;
  readonly hash: string;
}

interface RsaScheme {
  readonly name: 'RSASSA-PKCS1-v1_5';
  readonly hash: string;
}

/** Webcrypto's names of the curves that node calls otherwise, with the hash of their strength. */
const CURVES: Readonly<Record<string, { namedCurve: string; hash: string }>> = {
  prime256v1: { namedCurve: 'P-256', hash: 'SHA-256' },
  secp384r1: { namedCurve: 'P-384', hash: 'SHA-384' },
  secp521r1: { namedCurve: 'P-521', hash: 'SHA-512' },
};

/** @throws ProvisioningError for a key that is encrypted, broken, or of a kind that TLS peers do not know. */
export function signingScheme(keyPem: string): SigningScheme {
  const key = readKey(keyPem);
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  if (key.asymmetricKeyType === 'rsa') return { algorithm: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, pkcs8 };
  const curve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (curve) return { algorithm: { name: 'ECDSA', ...curve }, pkcs8 };
  throw new ProvisioningError(
    'PROVISIONING_ARGUMENT',
    `a ${key.asymmetricKeyType ?? 'foreign'} key cannot sign certificates here; use EC P-256, P-384, P-521 or RSA`,
  );
}

function readKey(keyPem: string): KeyObject {
  try {
    return createPrivateKey(keyPem);
  } catch (cause) {
    throw new ProvisioningError(
      'PROVISIONING_ARGUMENT',
      'the private key cannot be read; it must be PEM without a passphrase',
      { cause },
    );
  }
}

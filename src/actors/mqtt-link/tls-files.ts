import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { LinkTlsFiles } from './options.js';

/** What is wrong with a file of a link's TLS. */
export interface TlsFileFault {
  readonly kind: 'unreadable' | 'invalid';
  readonly of: 'ca' | 'cert' | 'key' | 'pair';
  readonly file: string;
  readonly detail: string;
}

export interface TlsContents {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

export type TlsFilesResult =
  | { readonly ok: true; readonly value: TlsContents }
  | { readonly ok: false; readonly error: TlsFileFault };

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** Reads the files of a link's TLS, and whether they are what they should be; never throws. */
export async function readTlsFiles({ caFile, certFile, keyFile }: LinkTlsFiles): Promise<TlsFilesResult> {
  const contents: { ca?: Buffer; cert?: Buffer; key?: Buffer } = {};
  for (const [of, file] of [['ca', caFile] as const, ['cert', certFile] as const, ['key', keyFile] as const]) {
    if (file === undefined) continue;
    try {
      contents[of] = await readFile(file);
    } catch (error) {
      return { ok: false, error: { kind: 'unreadable', of, file, detail: (error as Error).message } };
    }
  }
  const { ca, cert, key } = contents;
  const mistake = (ca && authorityFault(ca)) ?? (cert && key && pairFault(cert, key));
  if (mistake === undefined) return { ok: true, value: contents };
  const [of, file] = ca && authorityFault(ca) ? (['ca', caFile] as const) : (['pair', certFile] as const);
  return { ok: false, error: { kind: 'invalid', of, file: file ?? '', detail: mistake } };
}

/** OpenSSL passes over what it does not know, and then trusts nobody. */
function authorityFault(pem: Buffer): string | undefined {
  const certificates = pem.toString('latin1').match(CERTIFICATE) ?? [];
  if (certificates.length === 0) return 'there is no PEM certificate in it';
  try {
    for (const certificate of certificates) new X509Certificate(certificate);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function pairFault(cert: Buffer, key: Buffer): string | undefined {
  try {
    createSecureContext({ cert, key });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

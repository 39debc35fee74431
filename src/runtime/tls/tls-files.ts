import { constants, createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import { FleetchartError } from '../errors.js';

/** `TLS_*`: certificates or keys that a listener cannot use. */
export class TlsError extends FleetchartError {
  constructor(
    override readonly code:
      | 'TLS_FILE_UNREADABLE'
      | 'TLS_CERTIFICATE_INVALID'
      | 'TLS_KEY_INVALID'
      | 'TLS_KEY_MISMATCH'
      | 'TLS_AUTHORITIES_INVALID'
      | 'TLS_REFUSED',
    message: string,
    options: { cause?: unknown } = {},
  ) {
    super(code, message, options);
  }
}

/** Paths of PEM files. */
export interface TlsFiles {
  /** The server's certificate, which may be followed by the authorities above it (FT-TLS-2). */
  readonly certificate: string;
  /** Without passphrase. */
  readonly key: string;
  /**
   * The trust anchors of client certificates (FT-TLS-4). Where given, there is at least one, and a client certificate
   * is mandatory (FT-TLS-3); left out, none is asked for.
   */
  readonly clientAuthorities?: readonly string[];
}

/** What was read from the files at one time, checked and ready for use. */
export interface TlsSnapshot {
  readonly context: SecureContext;
  readonly certificate: X509Certificate;
  /** Epoch milliseconds: the earliest end among the certificates that the server shows. */
  readonly expiresAt: number;
  readonly clientAuthorities: readonly X509Certificate[];
  /** Equal exactly if the content of all files is. */
  readonly digest: string;
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** One thing wrong with a file. */
export interface TlsFileMistake {
  readonly path: string;
  readonly error: TlsError;
}

/** Reads the files. @throws TlsError that says what is wrong with each of them */
export async function readTlsFiles(files: TlsFiles): Promise<TlsSnapshot> {
  if (files.clientAuthorities?.length === 0) {
    throw new TlsError('TLS_AUTHORITIES_INVALID', 'no file with the authorities of client certificates is named');
  }
  const { certificate, key, authorities, mistakes } = await readEach(files);
  if (!certificate || !key || mistakes.length > 0) throw allOf(mistakes);
  const [leaf] = certificate.certificates;
  const clientAuthorities = authorities.flatMap(({ certificates }) => certificates);
  return {
    context: contextOf(certificate.pem, key.pem, clientAuthorities, files),
    certificate: leaf,
    expiresAt: Math.min(...certificate.certificates.map(({ validTo }) => Date.parse(validTo))),
    clientAuthorities,
    digest: digestOf([certificate, key, ...authorities].map(({ pem }) => pem)),
  };
}

/** Everything wrong with files of which some may not be named yet, in the order in which they are listed. */
export async function tlsFileMistakes(files: Partial<TlsFiles>): Promise<readonly TlsFileMistake[]> {
  const { certificate, key, authorities, mistakes } = await readEach(files);
  if (!certificate || !key || mistakes.length > 0) return mistakes;
  const path = files.certificate ?? '';
  try {
    contextOf(
      certificate.pem,
      key.pem,
      authorities.flatMap(({ certificates }) => certificates),
      { ...files, certificate: path, key: files.key ?? '' },
    );
    return [];
  } catch (error) {
    if (error instanceof TlsError) return [{ path, error }];
    throw error;
  }
}

interface ReadCertificates {
  readonly pem: string;
  readonly certificates: readonly [X509Certificate, ...X509Certificate[]];
}

interface ReadKey {
  readonly pem: string;
  readonly key: KeyObject;
}

async function readEach({ certificate: certificateFile, key: keyFile, clientAuthorities = [] }: Partial<TlsFiles>) {
  const mistakes: TlsFileMistake[] = [];
  const attempt = async <T>(path: string | undefined, read: (path: string) => T | Promise<T>) => {
    if (path === undefined) return undefined;
    try {
      return await read(path);
    } catch (error) {
      if (!(error instanceof TlsError)) throw error;
      mistakes.push({ path, error });
      return undefined;
    }
  };
  const certificate = await attempt(certificateFile, (path) => readCertificates(path, 'TLS_CERTIFICATE_INVALID'));
  const key = await attempt(keyFile, readKey);
  if (certificate && key) await attempt(keyFile, (path) => checkPair(certificate, key, [certificateFile ?? '', path]));
  const authorities: ReadCertificates[] = [];
  for (const file of clientAuthorities) {
    const read = await attempt(file, (path) => readCertificates(path, 'TLS_AUTHORITIES_INVALID'));
    if (read) authorities.push(read);
  }
  return { certificate, key, authorities, mistakes };
}

function allOf(mistakes: readonly TlsFileMistake[]): TlsError {
  const [first, ...others] = mistakes.map(({ error }) => error);
  if (!first) throw new Error('expected a mistake in the files');
  if (others.length === 0) return first;
  return new TlsError(first.code, [first, ...others].map(({ message }) => message).join('; '), { cause: first });
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TlsError('TLS_FILE_UNREADABLE', `cannot read ${path}: ${reason}`, { cause });
  }
}

async function readCertificates(
  path: string,
  code: 'TLS_CERTIFICATE_INVALID' | 'TLS_AUTHORITIES_INVALID',
): Promise<ReadCertificates> {
  const pem = await readPem(path);
  const [first, ...others] = pem.match(PEM_CERTIFICATE) ?? [];
  if (first === undefined) throw new TlsError(code, `there is no certificate in PEM in ${path}`);
  const read = (text: string, number: number): X509Certificate => {
    try {
      return new X509Certificate(text);
    } catch (cause) {
      throw new TlsError(code, `certificate ${number} in ${path} cannot be read`, { cause });
    }
  };
  return { pem, certificates: [read(first, 1), ...others.map((text, index) => read(text, index + 2))] };
}

async function readKey(path: string): Promise<ReadKey> {
  const pem = await readPem(path);
  try {
    return { pem, key: createPrivateKey(pem) };
  } catch (cause) {
    const message = `there is no usable private key in ${path}; it must be PEM without a passphrase`;
    throw new TlsError('TLS_KEY_INVALID', message, { cause });
  }
}

function checkPair(
  { certificates: [leaf] }: ReadCertificates,
  { key }: ReadKey,
  [certFile, keyFile]: [string, string],
) {
  if (leaf.checkPrivateKey(key)) return;
  throw new TlsError(
    'TLS_KEY_MISMATCH',
    `the key in ${keyFile} is not that of the first certificate in ${certFile}; put the server's own certificate first and the key made with it beside it`,
  );
}

function contextOf(
  certificatePem: string,
  keyPem: string,
  authorities: readonly X509Certificate[],
  files: TlsFiles,
): SecureContext {
  try {
    return createSecureContext({
      cert: certificatePem,
      key: keyPem,
      // Their names go into the certificate request, and no others' (FT-TLS-6). Each is an anchor, root or not
      // (FT-TLS-5).
      ...(authorities.length === 0 ? {} : { ca: authorities.map(String), allowPartialTrustChain: true }),
      minVersion: 'TLSv1.2',
      honorCipherOrder: true,
      // No session is resumed (FT-TLS-9). Under TLS 1.3 tickets would hold the client's certificate, two of them for
      // each connection, and Node keeps the 16 kB that it takes to write both for as long as the connection lives.
      secureOptions: constants.SSL_OP_NO_TICKET,
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const paths = [files.certificate, files.key, ...(files.clientAuthorities ?? [])].join(', ');
    throw new TlsError('TLS_REFUSED', `OpenSSL refuses what is in ${paths}: ${reason}`, { cause });
  }
}

function digestOf(texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest('hex');
}

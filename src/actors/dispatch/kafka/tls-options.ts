import { readFileSync } from 'node:fs';
import { type ConnectionOptions, createSecureContext } from 'node:tls';
import type { KafkaTlsSettings } from '../../../protocols/fleet-telemetry/kafka-settings.js';
import { DispatchError } from '../errors.js';

/**
 * What connections to brokers are encrypted with. The files are read each time, so that a renewed certificate needs no
 * restart. Throws `DISPATCH_KAFKA_TLS` that names the property at fault.
 */
export function tlsOptions(settings: KafkaTlsSettings): ConnectionOptions {
  const ca = material('ssl.ca', settings.caFile, settings.caPem, CERTIFICATE);
  const cert = material('ssl.certificate', settings.certFile, settings.certPem, CERTIFICATE);
  const key = material('ssl.key', settings.keyFile, settings.keyPem, PRIVATE_KEY);
  const pfx = read('ssl.keystore.location', settings.keystoreFile);
  const crl = read('ssl.crl.location', settings.crlFile);
  const files = {
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
    ...(pfx ? { pfx } : {}),
    ...(crl ? { crl } : {}),
    ...(settings.passphrase ? { passphrase: settings.passphrase } : {}),
    ...(settings.ciphers ? { ciphers: settings.ciphers } : {}),
    ...(settings.curves ? { ecdhCurve: settings.curves } : {}),
    ...(settings.signatures ? { sigalgs: settings.signatures } : {}),
  };
  try {
    createSecureContext(files);
  } catch (error) {
    throw failed(`the ssl.* properties do not fit together: ${explain(error as Error)}`, error);
  }
  return {
    ...files,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: settings.isVerified,
    ...(settings.isNameChecked ? {} : { checkServerIdentity: () => undefined }),
  };
}

const CERTIFICATE = 'certificate';
const PRIVATE_KEY = 'private key';

/** In PEM, from the text or else from the file. */
function material(
  properties: string,
  file: string,
  pem: string,
  what: typeof CERTIFICATE | typeof PRIVATE_KEY,
): Buffer | undefined {
  const content = pem === '' ? read(`${properties}.location`, file) : Buffer.from(pem);
  if (content && !new RegExp(`-----BEGIN [A-Z\\d ]*${what.toUpperCase()}-----`).test(content.toString('latin1'))) {
    throw failed(`${properties}.${pem === '' ? `location: ${file}` : 'pem: the text'} holds no ${what} in PEM`);
  }
  return content;
}

function read(property: string, file: string): Buffer | undefined {
  if (file === '') return undefined;
  try {
    return readFileSync(file);
  } catch (error) {
    throw failed(`${property}: ${file} cannot be read (${(error as Error).message})`, error);
  }
}

function explain({ message }: Error): string {
  if (/key values mismatch/.test(message)) return 'the key does not belong to the certificate';
  if (/bad decrypt|mac verify failure|bad password|passphrase|interrupted or cancelled/i.test(message)) {
    return 'the password of the key is wrong or missing (ssl.key.password, ssl.keystore.password)';
  }
  return message;
}

const failed = (message: string, cause?: unknown): DispatchError =>
  new DispatchError('DISPATCH_KAFKA_TLS', message, { retryable: true, ...(cause === undefined ? {} : { cause }) });

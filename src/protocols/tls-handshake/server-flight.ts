import { createHash } from 'node:crypto';
import type { Result } from '../result.js';
import { HandshakeReadError, Reader } from './reader.js';
import { RecordKeys } from './record-keys.js';
import type { CertificateRequest, HandshakeFailure, ServerFlight } from './types.js';

/** Of all that a server says in a handshake, bytes; the longest list of authorities is far below. */
export const LONGEST_FLIGHT_BYTES = 1024 * 1024;
const MOST_CERTIFICATES = 100;
const MOST_AUTHORITIES = 10_000;

const RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;
const MESSAGE = { serverHello: 2, certificate: 11, certificateRequest: 13, helloDone: 14, finished: 20 } as const;
const EXTENSION = { supportedVersions: 43, certificateAuthorities: 47 } as const;
const HEADER_BYTES = 5;
/** What precedes a message: its type and its length. */
const HEAD_BYTES = 4;
const TLS_1_3 = 0x0304;
/** A hello with this in the place of chance asks for another one (RFC 8446 §4.1.3). */
const RETRY = createHash('sha256').update('HelloRetryRequest').digest();

/**
 * Reads what a server sent in a handshake, from its first byte on; what comes after the handshake is left alone. Node shows
 * neither the names of the authorities that a client's certificate is wanted of, nor certificates in the order in which
 * they came. `secret`: of the server's handshake traffic (`SERVER_HANDSHAKE_TRAFFIC_SECRET`), which TLS 1.3 is encrypted by.
 * Never throws.
 */
export function readServerFlight(
  sent: Uint8Array,
  secret?: Uint8Array | undefined,
): Result<ServerFlight, HandshakeFailure> {
  if (sent.length > LONGEST_FLIGHT_BYTES) {
    const detail = `more than ${LONGEST_FLIGHT_BYTES} bytes`;
    return { ok: false, error: { code: 'TLS_TOO_LARGE', detail, offset: LONGEST_FLIGHT_BYTES } };
  }
  const flight = new Flight(secret);
  try {
    flight.read(Buffer.from(sent.buffer, sent.byteOffset, sent.length));
    return { ok: true, value: flight.value };
  } catch (error) {
    if (!(error instanceof HandshakeReadError)) throw error;
    return { ok: false, error: { code: error.code, detail: error.message, offset: error.offset } };
  }
}

class Flight {
  private version = 0;
  private cipher = 0;
  private certificates: Uint8Array[] | undefined;
  private request: CertificateRequest | undefined;
  private alert: ServerFlight['alert'];
  private isComplete = false;
  private keys: RecordKeys | undefined;
  /** A message may be spread over records. */
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  /** Of the message that is pending: its head, or all of it once its head has told. */
  private wantedBytes = HEAD_BYTES;

  constructor(private readonly secret: Uint8Array | undefined) {}

  get value(): ServerFlight {
    const { version, cipher, certificates, request, alert, isComplete } = this;
    return { version, cipher, certificates, request, alert, isComplete };
  }

  /** Record by record; one that is not whole is the end. */
  read(bytes: Buffer): void {
    for (let at = 0; at + HEADER_BYTES <= bytes.length && !this.isComplete; ) {
      const type = bytes[at] ?? 0;
      const length = bytes.readUInt16BE(at + 3);
      if (type < RECORD.changeCipherSpec || type > RECORD.applicationData) {
        throw new HandshakeReadError('TLS_MALFORMED', `no record of TLS: type ${type}`, at);
      }
      const end = at + HEADER_BYTES + length;
      if (end > bytes.length) return;
      const header = bytes.subarray(at, at + HEADER_BYTES);
      if (!this.take(type, header, bytes.subarray(at + HEADER_BYTES, end))) return;
      at = end;
    }
  }

  /** False where it cannot go on. */
  private take(type: number, header: Buffer, payload: Buffer): boolean {
    switch (type) {
      case RECORD.alert:
        this.takeAlert(payload);
        return true;
      case RECORD.handshake:
        this.takeHandshake(payload);
        return true;
      case RECORD.changeCipherSpec:
        // In TLS 1.3 it means nothing.
        return this.version === TLS_1_3;
      default: {
        const opened = this.keys?.open(header, payload);
        if (opened?.type === RECORD.alert) this.takeAlert(opened.content);
        if (opened?.type === RECORD.handshake) this.takeHandshake(opened.content);
        return opened !== undefined;
      }
    }
  }

  private takeAlert(payload: Buffer): void {
    const alert = new Reader(payload);
    this.alert ??= { level: alert.number(1, 'alert level'), code: alert.number(1, 'alert code') };
  }

  private takeHandshake(payload: Buffer): void {
    this.pending.push(payload);
    this.pendingBytes += payload.length;
    // Joined only once a message is whole, as a long one may come in records of a few bytes.
    if (this.pendingBytes < this.wantedBytes) return;
    let joined = Buffer.concat(this.pending);
    this.wantedBytes = HEAD_BYTES;
    while (joined.length >= HEAD_BYTES && !this.isComplete) {
      const end = HEAD_BYTES + joined.readUIntBE(1, 3);
      if (joined.length < end) {
        this.wantedBytes = end;
        break;
      }
      this.takeMessage(joined[0] ?? 0, new Reader(joined, HEAD_BYTES, end));
      joined = joined.subarray(end);
    }
    this.pending = [joined];
    this.pendingBytes = joined.length;
  }

  private takeMessage(type: number, body: Reader): void {
    switch (type) {
      case MESSAGE.serverHello:
        this.takeHello(body);
        return;
      case MESSAGE.certificate:
        this.certificates = this.certificatesOf(body);
        return;
      case MESSAGE.certificateRequest:
        this.request = { authorities: this.version === TLS_1_3 ? wanted13(body) : wanted12(body) };
        return;
      case MESSAGE.helloDone:
      case MESSAGE.finished:
        this.isComplete = true;
    }
  }

  private takeHello(body: Reader): void {
    this.version = body.number(2, 'version');
    const isRetry = body.fixed(RETRY.length, 'random').equals(RETRY);
    body.vector(1, 'session id');
    this.cipher = body.number(2, 'cipher');
    body.number(1, 'compression');
    if (!body.isAtEnd) {
      for (const [type, extension] of extensionsOf(body)) {
        if (type === EXTENSION.supportedVersions) this.version = extension.number(2, 'selected version');
      }
    }
    if (!isRetry && this.version === TLS_1_3 && this.secret) this.keys = RecordKeys.of(this.cipher, this.secret);
  }

  private certificatesOf(body: Reader): Uint8Array[] {
    if (this.version === TLS_1_3) body.vector(1, 'context');
    const list = body.vector(3, 'certificates');
    const certificates: Uint8Array[] = [];
    while (!list.isAtEnd) {
      certificates.push(list.vector(3, 'certificate').rest());
      if (this.version === TLS_1_3) list.vector(2, 'extensions of a certificate');
      if (certificates.length > MOST_CERTIFICATES) throw tooMany('certificates');
    }
    return certificates;
  }
}

/** RFC 5246 §7.4.4. */
function wanted12(body: Reader): Uint8Array[] {
  body.vector(1, 'certificate types');
  body.vector(2, 'signature algorithms');
  return namesOf(body);
}

/** RFC 8446 §4.3.2, §4.2.4. */
function wanted13(body: Reader): Uint8Array[] {
  body.vector(1, 'context');
  for (const [type, extension] of extensionsOf(body)) {
    if (type === EXTENSION.certificateAuthorities) return namesOf(extension);
  }
  return [];
}

function namesOf(body: Reader): Uint8Array[] {
  const list = body.vector(2, 'authorities');
  const names: Uint8Array[] = [];
  while (!list.isAtEnd) {
    names.push(list.vector(2, 'name of an authority').rest());
    if (names.length > MOST_AUTHORITIES) throw tooMany('authorities');
  }
  return names;
}

function* extensionsOf(body: Reader): Generator<readonly [number, Reader]> {
  const list = body.vector(2, 'extensions');
  while (!list.isAtEnd) yield [list.number(2, 'type of an extension'), list.vector(2, 'extension')];
}

const tooMany = (what: string): HandshakeReadError => new HandshakeReadError('TLS_TOO_LARGE', `too many ${what}`, 0);

import { decodeReply, type Identity, type Verdict } from '../../protocols/fleet-telemetry/index.js';
import type { LogLines } from '../../protocols/fleet-telemetry/server-settings.js';
import {
  type Clock,
  type Fields,
  type Logger,
  type Metrics,
  type RefusalLine,
  Refusals,
  silentLogger,
} from '../../runtime/index.js';
import type { HandshakeFailure } from '../../runtime/tls/tls-failure.js';
import type { ConnectionInput } from './events.js';

export interface IngestLogOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Whose names the lines have. @default own */
  readonly lines?: LogLines | undefined;
}

/** Longest part of a peer's own text on a line. */
const LONGEST_TEXT = 128;

/** The reference's words, which are those of its language's library. */
const HANDSHAKE_WORDS: Partial<Record<HandshakeFailure['reason'], string>> = {
  no_certificate: "tls: client didn't provide a certificate",
  unknown_issuer: 'tls: failed to verify certificate: x509: certificate signed by unknown authority',
  self_signed: 'tls: failed to verify certificate: x509: certificate signed by unknown authority',
  expired: 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
  not_yet_valid: 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
  wrong_purpose: 'tls: failed to verify certificate: x509: certificate specifies an incompatible key usage',
  not_tls: 'tls: first record does not look like a TLS handshake',
  plain_http: 'tls: first record does not look like a TLS handshake',
  own_certificate_refused: 'remote error: tls: bad certificate',
  closed_early: 'EOF',
};

type Refused = Extract<Verdict, { kind: 'refuse' }>;
type Acknowledged = Extract<Verdict, { kind: 'acknowledge' }>;

/**
 * Lines about what ingest refuses and answers. Under our names a refusal is a line `input refused` with its reason;
 * under the reference's (spec 8.3) it has the name and fields that an operator's queries look for. Either is written
 * once a minute for each peer and reason.
 */
export class IngestLog {
  /** Whether lines have the reference's names. */
  readonly isReference: boolean;
  private readonly refusals: Refusals;
  private readonly unlogged: Refusals;

  constructor(private readonly options: IngestLogOptions) {
    const { logger, clock, metrics } = options;
    this.isReference = options.lines === 'reference';
    this.refusals = new Refusals({ boundary: 'telemetry', metrics, logger, clock });
    this.unlogged = new Refusals({ boundary: 'telemetry', metrics, logger: silentLogger(), clock });
  }

  /** What the reference has no line for. */
  refused(peer: string, reason: string, fields: Fields): void {
    this.refusals.refuse(peer, reason, fields);
  }

  /** A connection that did not come to speak TLS with us. */
  handshakeFailed(address: string, port: number, failure: HandshakeFailure, isSuppressed: boolean): void {
    const { reason, check, who, whatToDo, code } = failure;
    const text = HANDSHAKE_WORDS[reason] ?? check;
    const line = { level: 'info', message: `http: TLS handshake error from ${address}:${port}: ${text}` } as const;
    (isSuppressed ? this.unlogged : this.refusals).refuse(
      address,
      reason,
      { check, who, do: whatToDo, code },
      this.either(line),
    );
  }

  /** A trusted certificate that says nobody we know (FT-WS-9); `error` in the reference's words. */
  unidentified(address: string, reason: string, error: string, fields: Fields): void {
    const line = { level: 'error', message: 'extract_sender_id_err' } as const;
    this.refusals.refuse(address, reason, { error, ...fields }, this.either(line));
  }

  /** A message that is answered with an error. */
  refusedMessage({ deviceId, senderId }: Identity, verdict: Refused): void {
    const { reason, topic, detail } = verdict;
    const record = { txid: txidText(verdict.txid), record_type: topic };
    const lines: RefusalLine[] = [];
    let error = detail;
    if (verdict.senderId !== undefined) {
      error = `message SenderID: ${verdict.senderId} do not match vehicleID: ${senderId}`;
      const ids = { sender_id: verdict.senderId, expected_sender_id: senderId };
      lines.push({ level: 'error', message: 'unexpected_sender_id', fields: { ...record, ...ids } });
    } else if (reason === 'too_big') error = "can't process message, size above 1mb";
    lines.push({ level: 'error', message: 'unexpected_record', fields: { ...record, device_id: deviceId, error } });
    this.refusals.refuse(deviceId, reason, { topic, detail }, this.either(...lines));
  }

  /** A message of another type than a record. */
  unknownType({ deviceId }: Identity, { txid, topic, messageType }: Acknowledged): void {
    const text = txidText(txid);
    const line: RefusalLine = {
      level: 'error',
      message: 'unknown_message_type_error',
      fields: {
        txid: text,
        record_type: topic,
        msg_txid: text,
        msg_type: String.fromCharCode(messageType),
        error: `Unknown message Type for ${text} - ${messageType}`,
      },
    };
    this.refusals.refuse(deviceId, 'unknown_message_type', { messageType }, this.either(line));
  }

  /** A message over the rate limit is dropped; so many have been in a row. */
  dropped({ deviceId }: Identity, reason: string, topic: string, excess: Fields): void {
    const line: RefusalLine = { level: 'error', message: 'rate_limit_exceeded', fields: { txid: '', ...excess } };
    this.refusals.refuse(deviceId, reason, { topic }, this.either(line));
  }

  /** A message is within the rate limit again, or within the shadow limit (FT-RL-4). */
  withinLimit({ deviceId }: Identity, txid: Uint8Array, excess: Fields): void {
    if (!this.isReference) return;
    const fields = { txid: txidText(txid), ...excess };
    this.refusals.tell(deviceId, 'rate_limit_over', {}, [{ level: 'error', message: 'rate_limit_exceeded', fields }]);
  }

  socketError({ connectionId, identity }: ConnectionInput, reason: string): void {
    const { logger } = this.options;
    const { deviceId } = identity;
    if (this.isReference) logger.error({ txid: connectionId, device_id: deviceId, error: reason }, 'socket_err');
    else logger.warn({ txid: connectionId, vin: deviceId, reason }, 'socket_err');
  }

  /** The record that says that a vehicle came or went is lost. */
  connectivityLost(deviceId: string, event: string): void {
    if (!this.isReference) return;
    const message = event === 'CONNECTED' ? 'connectivity_registeration_error' : 'connectivity_deregisteration_error';
    const fields = { deviceID: deviceId, event, error: 'the spool took no records for too long' };
    this.refusals.tell(deviceId, `connectivity_${event}`, {}, [{ level: 'error', message, fields }]);
  }

  /** A record is on its way; in detail only. */
  dispatching({ socketId }: ConnectionInput, { txid, topic, payload }: Extract<Verdict, { kind: 'record' }>): void {
    if (!this.isDetailed()) return;
    const fields = { socket_id: socketId, txid: txidText(txid), record_type: topic, payload_bytes: payload.length };
    this.options.logger.debug(fields, 'dispatching_message');
  }

  /** A reply is on its way; in detail only. */
  responded({ identity }: ConnectionInput, reply: Uint8Array): void {
    if (!this.isDetailed()) return;
    const read = decodeReply(reply);
    if (!read.ok) return;
    const { kind, txid } = read.value;
    const record_type = read.value.kind === 'ack' ? read.value.topic : '';
    const fields = { txid: cut(txid), record_type, device_id: identity.deviceId, response_type: kind };
    this.options.logger.debug(fields, 'message_respond');
  }

  /** Nothing more is written to a connection; in detail only. */
  writerEnded({ connectionId }: ConnectionInput): void {
    if (!this.isDetailed()) return;
    this.options.logger.debug({ txid: connectionId }, 'return_stop_chan');
    this.options.logger.debug({ txid: connectionId }, 'writer_done');
  }

  private isDetailed(): boolean {
    return this.isReference && this.options.logger.isEnabled('debug');
  }

  /** The reference's lines where they are asked for. */
  private either(...lines: readonly RefusalLine[]): readonly RefusalLine[] | undefined {
    return this.isReference ? lines : undefined;
  }
}

const cut = (text: string): string => text.slice(0, LONGEST_TEXT);

const txidText = (txid: Uint8Array): string =>
  Buffer.from(txid.buffer, txid.byteOffset, Math.min(txid.length, LONGEST_TEXT)).toString('utf8');

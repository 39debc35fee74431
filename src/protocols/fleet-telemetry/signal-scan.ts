import { PayloadFault } from './payload-result.js';
import { BYTES, VARINT, WireReader } from './wire.js';

const DATUM_TAG = (1 << 3) | BYTES;
const CREATED_AT_TAG = (2 << 3) | BYTES;
const IS_RESEND_TAG = (4 << 3) | VARINT;
const KEY_TAG = (1 << 3) | VARINT;
const VALUE_TAG = (2 << 3) | BYTES;
const SECONDS_TAG = (1 << 3) | VARINT;
const NANOS_TAG = (2 << 3) | VARINT;

/**
 * Where the signals of a payload of topic `V` stand in it, without decoding their values: whoever keeps the last value
 * of each decodes it when somebody asks. One scan is filled anew for each payload, so that scanning makes no objects
 * (ING-2).
 */
export class SignalScan {
  /** How many signals there are; the lists below may be longer. */
  count = 0;
  /** Numbers of `Field`. */
  readonly fields: number[] = [];
  /** Spans of the messages `Value`, without their tag and length; `ends` exclusive. */
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  /** Epoch milliseconds; 0 where the vehicle does not say. */
  createdAtMs = 0;
  /** The latest values of signals that were sent before and not acknowledged (FT-CLI-4). */
  isResend = false;

  /** False for what is not a payload of `V`; what was found before the mistake is not to be used. */
  scan(payload: Uint8Array): boolean {
    this.count = 0;
    this.createdAtMs = 0;
    this.isResend = false;
    try {
      this.read(new WireReader(payload), payload.length);
      return true;
    } catch (fault) {
      if (fault instanceof PayloadFault) return false;
      throw fault;
    }
  }

  private read(reader: WireReader, end: number): void {
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === DATUM_TAG) this.readDatum(reader, reader.lengthEnd(end));
      else if (tag === CREATED_AT_TAG) this.readTime(reader, reader.lengthEnd(end));
      else if (tag === IS_RESEND_TAG) this.isResend = reader.varint(end) !== 0;
      else reader.skip(tag, end, 0);
    }
  }

  /** The last of several values counts; where they are parts of one message, the earlier parts are lost. */
  private readDatum(reader: WireReader, end: number): void {
    let field = 0;
    let start = -1;
    let valueEnd = -1;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === KEY_TAG) field = reader.varint(end);
      else if (tag === VALUE_TAG) {
        valueEnd = reader.lengthEnd(end);
        start = reader.position;
        reader.position = valueEnd;
      } else reader.skip(tag, end, 1);
    }
    if (start < 0) return;
    this.fields[this.count] = field;
    this.starts[this.count] = start;
    this.ends[this.count] = valueEnd;
    this.count++;
  }

  private readTime(reader: WireReader, end: number): void {
    let seconds = 0;
    let nanos = 0;
    while (reader.position < end) {
      const tag = reader.tag(end);
      if (tag === SECONDS_TAG) seconds = (reader.varint(end) >>> 0) + reader.high * 2 ** 32;
      else if (tag === NANOS_TAG) nanos = reader.varint(end);
      else reader.skip(tag, end, 1);
    }
    const at = seconds * 1000 + Math.trunc(nanos / 1e6);
    this.createdAtMs = Number.isSafeInteger(at) && at > 0 ? at : 0;
  }
}

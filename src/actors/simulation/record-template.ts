import { decodeEnvelope, encodeStream, transactionId, vehicleMessage } from '../../protocols/fleet-telemetry/index.js';
import { encodeVehicleData, type ValueInput } from '../../protocols/fleet-telemetry/records.js';
import type { DriveState } from './drive.js';
import { SimulationError } from './errors.js';
import { GEAR, PADDING_SIGNAL, type Signal } from './signals.js';
import { clientFrame, clientHeaderBytes, OPCODE } from './web-socket-frames.js';
import { wireField, wireFields } from './wire-fields.js';

/** A limit of the protocol, whole message (FT-CLI-5). */
const MOST_MESSAGE_BYTES = 1_000_000;

export interface TemplateOptions {
  readonly vin: string;
  /** The part of the txid before the counter (FT-CLI-2). */
  readonly txidPrefix: string;
  readonly signals: readonly Signal[];
  /** Size of the payload, to about three bytes; 0: as large as it is. */
  readonly payloadBytes: number;
  /** Byte that the payload is masked with. */
  readonly mask: number;
}

/** The digits of the counter in a txid. */
const COUNTER_DIGITS = 9;
/** Counters end below this; the next one after it is 1 again. */
export const COUNTER_END = 10 ** COUNTER_DIGITS;

/** 2033-05-18T03:33:20.999Z: its seconds and nanoseconds take five bytes each as varints, as those of any time may. */
const MODEL_TIME_MS = 2_000_000_000_999;
const MODEL_COUNTER = 123_456_789;
const TIME_VARINT_BYTES = 5;

/** A drive whose every value takes as many bytes as another's would: no number is 0. */
const MODEL_DRIVE: DriveState = {
  elapsedS: 1,
  latitude: 1.5,
  longitude: 1.5,
  heading: 1.5,
  speed: 1.5,
  acceleration: 1.5,
  isParked: true,
  odometer: 1.5,
  charge: 1.5,
  outsideTemperature: 1.5,
};

/** The value of a signal as the protocol's encoder takes it. */
export function signalValue(signal: Signal, drive: DriveState): ValueInput {
  switch (signal.form) {
    case 'place':
      return { locationValue: { latitude: drive.latitude, longitude: drive.longitude } };
    case 'gear':
      return { shiftStateValue: signal.read(drive) === GEAR.parked ? 'ShiftStateP' : 'ShiftStateD' };
    case 'number':
      return { doubleValue: signal.read(drive) };
  }
}

interface Patch {
  /** From the start of the frame. */
  readonly at: number;
  readonly signal: Signal;
}

/**
 * A `V` record of one vehicle as a finished frame, of which each record is a copy with new values: numbers of fixed
 * width are written over where they lie, so that a record costs no encoding. Times are varints, which may be written
 * longer than need be; they always take five bytes here.
 */
export class RecordTemplate {
  private readonly frame: Buffer;
  private readonly mask: number;
  private readonly counterAt: number;
  private readonly createdAtAt: number;
  private readonly secondsAt: number;
  private readonly nanosAt: number;
  private readonly patches: readonly Patch[];
  private readonly scratch = new DataView(new ArrayBuffer(8));

  constructor(options: TemplateOptions) {
    const { vin, txidPrefix, signals, mask } = options;
    const payload = modelPayload(options);
    const txid = transactionId(txidPrefix, MODEL_COUNTER);
    const message = encodeStream(vehicleMessage(vin, { txid, topic: 'V', payload, createdAtMs: MODEL_TIME_MS }));
    if (message.length > MOST_MESSAGE_BYTES) throw tooLarge(message.length);
    this.mask = mask;
    this.frame = clientFrame(OPCODE.binary, message, mask);

    const header = clientHeaderBytes(message.length);
    const decoded = decodeEnvelope(message);
    if (!decoded.ok || decoded.value.kind !== 'stream') throw new Error('the encoder made no stream message');
    const offsetOf = (part: Uint8Array): number => header + part.byteOffset - message.byteOffset;
    this.counterAt = offsetOf(decoded.value.txid) + txid.length - COUNTER_DIGITS;
    const payloadAt = offsetOf(decoded.value.stream.payload);
    this.createdAtAt = header + createdAtIn(message);
    const created = wireField(payload, whole(payload), 2);
    this.secondsAt = payloadAt + wireField(payload, created, 1).start;
    this.nanosAt = payloadAt + wireField(payload, created, 2).start;
    this.patches = wireFields(payload, 0, payload.length)
      .filter(({ number }) => number === 1)
      .slice(0, signals.length)
      .map((datum, index) => {
        const value = wireField(payload, datum, 2);
        const member = wireFields(payload, value.start, value.end)[0] as { start: number };
        return { at: payloadAt + member.start, signal: signals[index] as Signal };
      });
  }

  /** Bytes of a frame; all records of a template are of one size. */
  get length(): number {
    return this.frame.length;
  }

  /** Writes the frame of a record to `target` at `at`, which must have {@link length} bytes there. */
  write(target: Buffer, at: number, counter: number, nowMs: number, drive: DriveState): void {
    target.set(this.frame, at);
    const { mask } = this;
    let digits = counter;
    for (let place = at + this.counterAt + COUNTER_DIGITS - 1; place >= at + this.counterAt; place--) {
      const next = Math.floor(digits / 10);
      target[place] = (0x30 + digits - next * 10) ^ mask;
      digits = next;
    }
    const seconds = Math.floor(nowMs / 1000);
    let rest = seconds;
    for (let place = at + this.createdAtAt; place < at + this.createdAtAt + 4; place++) {
      target[place] = (rest & 0xff) ^ mask;
      rest >>>= 8;
    }
    this.putTime(target, at + this.secondsAt, seconds);
    this.putTime(target, at + this.nanosAt, Math.round((nowMs - seconds * 1000) * 1_000_000));
    for (const { at: offset, signal } of this.patches) {
      if (signal.form === 'number') this.putDouble(target, at + offset, signal.read(drive));
      else if (signal.form === 'gear') target[at + offset] = signal.read(drive) ^ mask;
      else {
        // A location is two doubles, each behind a tag of one byte.
        this.putDouble(target, at + offset + 1, drive.latitude);
        this.putDouble(target, at + offset + 10, drive.longitude);
      }
    }
  }

  private putDouble(target: Buffer, at: number, value: number): void {
    const { scratch, mask } = this;
    scratch.setFloat64(0, value, true);
    for (let index = 0; index < 8; index++) target[at + index] = scratch.getUint8(index) ^ mask;
  }

  private putTime(target: Buffer, at: number, value: number): void {
    let rest = value;
    const last = at + TIME_VARINT_BYTES - 1;
    for (let place = at; place < last; place++) {
      target[place] = ((rest & 0x7f) | 0x80) ^ this.mask;
      rest = Math.floor(rest / 128);
    }
    target[last] = rest ^ this.mask;
  }
}

const whole = (bytes: Uint8Array) => ({ start: 0, end: bytes.length });

/** The payload whose values are written over, of the size that is asked for. */
function modelPayload({ vin, signals, payloadBytes }: TemplateOptions): Uint8Array {
  const encode = (padding: number | undefined): Uint8Array => {
    const data = signals.map((signal) => ({ key: signal.name, value: modelValue(signal) }));
    const filler = padding === undefined ? [] : [{ key: PADDING_SIGNAL, value: { stringValue: '.'.repeat(padding) } }];
    return encodeVehicleData({ data: [...data, ...filler], createdAtMs: MODEL_TIME_MS, vin });
  };
  const bare = encode(undefined);
  if (payloadBytes === 0 || payloadBytes === bare.length) return bare;
  // A longer text may have longer lengths in front of it, by which the payload is then too large. Where no text gives
  // the very size, because one byte more of it makes one more of those, the payload is up to three bytes smaller.
  const least = encode(1).length;
  let padding = payloadBytes - least + 1;
  if (padding < 1) throw tooSmall(payloadBytes, least, signals.length);
  let padded = encode(padding);
  while (padded.length > payloadBytes) {
    padding -= padded.length - payloadBytes;
    padded = encode(padding);
  }
  return padded;
}

function modelValue(signal: Signal): ValueInput {
  return signal.form === 'number' ? { doubleValue: 1.5 } : signalValue(signal, MODEL_DRIVE);
}

/** Where the message has the seconds of its creation: those of the model time occur once as a 32-bit number. */
function createdAtIn(message: Uint8Array): number {
  const seconds = Buffer.alloc(4);
  seconds.writeUInt32LE(Math.floor(MODEL_TIME_MS / 1000));
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.length);
  const at = bytes.indexOf(seconds);
  if (at < 0 || bytes.indexOf(seconds, at + 1) >= 0) throw new Error('the time of creation cannot be found');
  return at;
}

function tooSmall(asked: number, least: number, fields: number): SimulationError {
  // Of other signals as many may take a little more.
  const enough = Math.ceil((least + 10) / 10) * 10;
  return new SimulationError(
    'SIMULATION_OPTION',
    `a payload of ${asked} bytes is too small for ${fields} signals`,
    `ask for ${enough} bytes or more, or for fewer signals`,
  );
}

function tooLarge(bytes: number): SimulationError {
  return new SimulationError(
    'SIMULATION_OPTION',
    `a message of ${bytes} bytes is more than the ${MOST_MESSAGE_BYTES} that the protocol allows`,
    'ask for a smaller payload or fewer signals',
  );
}

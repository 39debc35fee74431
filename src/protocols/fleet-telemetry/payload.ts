import { correctAlertTimes, hasMilliseconds } from './alert-times.js';
import { DatumView } from './datum-view.js';
import { LOCATION_FIELD } from './field-names.js';
import { checkField, ROOT_SHAPES } from './message-shapes.js';
import { isKnownTopic, type KnownTopic } from './messages.js';
import { DATA_TAG, regularPayload } from './payload-check.js';
import { type PayloadResult, payloadResult } from './payload-result.js';
import { rewriteDatum } from './signal-rewrites.js';
import { Splice } from './splice.js';
import { checkUtf8 } from './utf8.js';
import { BYTES, WireReader } from './wire.js';
import { WireWriter } from './wire-writer.js';

/** Field numbers of `vin` in the root messages. */
const VIN_FIELDS: Readonly<Record<KnownTopic, number>> = { V: 3, alerts: 3, errors: 3, connectivity: 1 };

/** Tag of the repeated field `alerts` of topic alerts. */
const ALERT_TAG = 0x0a;
/** No field has it. */
const NO_TAG = 0;
const NOTHING = new Uint8Array(0);

/**
 * What a record carries to its dispatchers: the payload with the VIN of the certificate and the changes of section 4.2
 * (FT-TX-1 to FT-TX-5), everything else kept as it came, unknown fields included (FT-PB-1). Refuses what is not a
 * well-formed message of a known topic (FT-PB-2).
 *
 * One pass over the bytes checks and notes what to replace; no objects are made of them (ING-2). A payload in which
 * nothing changes is returned itself, and so is that of any other topic. Never throws.
 */
export function preparePayload(topic: string, payload: Uint8Array, vin: string): PayloadResult<Uint8Array> {
  if (!isKnownTopic(topic)) return { ok: true, value: payload };
  return payloadResult(() => prepared(topic, payload, vin));
}

function prepared(topic: KnownTopic, payload: Uint8Array, vin: string): Uint8Array {
  const pass = new Pass(topic, payload, vin);
  pass.run();
  if (!pass.isRegular) return prepared(topic, regularPayload(topic, payload), vin);
  const result = pass.splice === undefined ? payload : pass.splice.apply(payload);
  return pass.hasMilliseconds ? correctAlertTimes(result) : result;
}

class Pass {
  splice: Splice | undefined;
  isRegular = true;
  hasMilliseconds = false;
  private readonly reader: WireReader;
  private readonly datum = new DatumView();
  private readonly writer = new WireWriter();
  private hasVin = false;
  private isLocationSeen = false;

  constructor(
    private readonly topic: KnownTopic,
    private readonly payload: Uint8Array,
    private readonly vin: string,
  ) {
    this.reader = new WireReader(payload);
  }

  run(): void {
    const { reader, topic } = this;
    const shape = ROOT_SHAPES[topic];
    const vinTag = (VIN_FIELDS[topic] << 3) | BYTES;
    const dataTag = topic === 'V' ? DATA_TAG : NO_TAG;
    const alertTag = topic === 'alerts' ? ALERT_TAG : NO_TAG;
    const end = this.payload.length;
    while (reader.position < end) {
      const start = reader.position;
      const tag = reader.tag(end);
      if (tag === dataTag) this.onDatum(start, reader.lengthEnd(end));
      else if (tag === vinTag) this.onVin(start, reader.lengthEnd(end));
      else if (tag === alertTag) this.onAlert(reader.lengthEnd(end));
      else checkField(reader, shape, tag, end, 0);
    }
    if (!this.hasVin && this.vin !== '') this.replace(end, end, this.vinField());
  }

  /** Keeps one field that says the right VIN, and drops any other (FT-TX-1). */
  private onVin(start: number, end: number): void {
    const { reader, payload } = this;
    checkUtf8(payload, reader.position, end);
    if (!this.hasVin && isText(payload, reader.position, end, this.vin)) this.hasVin = true;
    else this.replace(start, end, NOTHING);
    reader.position = end;
  }

  private vinField(): Uint8Array {
    this.writer.text(VIN_FIELDS[this.topic], this.vin);
    return this.writer.finish();
  }

  private onDatum(start: number, end: number): void {
    const { reader, datum } = this;
    const content = reader.position;
    datum.read(reader, end);
    if (!datum.isRegular) this.isRegular = false;
    const isFirstLocation = datum.key === LOCATION_FIELD && !this.isLocationSeen;
    if (isFirstLocation) this.isLocationSeen = true;
    const piece = rewriteDatum(this.writer, reader.bytes, datum, content, end, isFirstLocation);
    if (piece !== undefined) this.replace(start, end, piece);
  }

  private onAlert(end: number): void {
    if (hasMilliseconds(this.reader, end)) this.hasMilliseconds = true;
  }

  private replace(start: number, end: number, piece: Uint8Array): void {
    this.splice ??= new Splice();
    this.splice.replace(start, end, piece);
  }
}

/** Whether the bytes are that text; false for a text that is not ASCII, which is then written again. */
function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let index = 0; index < text.length; index += 1) {
    const byte = bytes[start + index] as number;
    if (byte >= 0x80 || byte !== text.charCodeAt(index)) return false;
  }
  return true;
}

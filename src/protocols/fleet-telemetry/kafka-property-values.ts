import { type KafkaProperty, kafkaProperties } from './kafka-properties.js';
import type { KafkaSection } from './kafka-settings.js';
import type { Findings } from './server-findings.js';

type Value = string | number | boolean;

/** The properties of one section, as librdkafka would read them (FT-KAF-1): texts stand for numbers and switches. */
export class KafkaPropertyValues {
  constructor(
    private readonly section: KafkaSection,
    private readonly findings: Findings,
  ) {
    for (const [name, value] of Object.entries(section)) if (value !== undefined) this.note(name, value);
  }

  /** The name under which a property is given, if it is. */
  givenAs(name: string): string | undefined {
    return namesOf(name).find((each) => this.section[each] !== undefined);
  }

  text(name: string): string {
    const property = kafkaProperties[name];
    const value = this.value(name);
    if (value === undefined) return property?.kind === 'text' || property?.kind === 'choice' ? property.default : '';
    return typeof value === 'number' ? String(whole(value)) : String(value);
  }

  integer(name: string): number {
    const property = kafkaProperties[name];
    if (property?.kind !== 'integer') return 0;
    const value = this.value(name);
    if (value === undefined) return property.default;
    const { min, max, mayBeDecimal } = property;
    const numberOf = mayBeDecimal ? decimalOf : integerOf;
    const number = typeof value === 'number' ? whole(value) : numberOf(String(value));
    if (number !== undefined && number >= min && number <= max) return Math.ceil(number);
    const expected = `${mayBeDecimal ? 'a number' : 'an integer'} from ${min} to ${max}`;
    this.complain(name, `expected ${expected}, got ${JSON.stringify(value)}`);
    return property.default;
  }

  flag(name: string): boolean {
    const property = kafkaProperties[name];
    if (property?.kind !== 'flag') return false;
    const value = this.value(name);
    if (value === undefined) return property.default;
    const isOn = flags.get(String(value).toLowerCase());
    if (isOn !== undefined) return isOn;
    this.complain(name, `expected true or false, got ${JSON.stringify(value)}`);
    return property.default;
  }

  choice(name: string): string {
    const property = kafkaProperties[name];
    if (property?.kind !== 'choice') return '';
    const value = this.text(name).toLowerCase();
    if (property.values.includes(value)) return value;
    this.complain(name, `expected one of ${property.values.join(', ')}, got ${JSON.stringify(value)}`);
    return property.default;
  }

  /** Something wrong with a property, by whichever name it is given. */
  complain(name: string, message: string, hint?: string): void {
    const pointer = `/kafka/${this.givenAs(name) ?? name}`;
    this.findings.mistakes.push({ code: 'CONFIG_VALUE', pointer, message, ...(hint === undefined ? {} : { hint }) });
  }

  warn(name: string, message: string, hint?: string): void {
    const pointer = `/kafka/${this.givenAs(name) ?? name}`;
    this.findings.warnings.push({ code: 'CONFIG_IGNORED', pointer, message, ...(hint === undefined ? {} : { hint }) });
  }

  private value(name: string): Value | undefined {
    const given = this.givenAs(name);
    return given === undefined ? undefined : this.section[given];
  }

  /** Says of a given property that it has no effect, or no place here. */
  private note(name: string, value: Value): void {
    const property: KafkaProperty | undefined = Object.hasOwn(kafkaProperties, name)
      ? kafkaProperties[name]
      : undefined;
    const pointer = `/kafka/${name}`;
    if (property?.kind === 'unused') {
      const message = property.note.charAt(0).toLowerCase() + property.note.slice(1).replace(/\.$/, '');
      this.findings.warnings.push({ code: 'CONFIG_IGNORED', pointer, message });
    } else if (property?.kind === 'refused') {
      const message = `the kafka property ${name} is not supported`;
      this.findings.mistakes.push({ code: 'CONFIG_UNSUPPORTED', pointer, message, hint: property.note });
    } else if (property?.kind === 'alias' && this.section[property.of] !== undefined) {
      if (String(this.section[property.of]) === String(value)) return;
      const message = `given together with ${property.of}, which is another name of the same`;
      this.findings.mistakes.push({ code: 'CONFIG_CONFLICT', pointer, message, hint: 'keep one of the two' });
    }
  }
}

const namesOf = (name: string): string[] => [
  name,
  ...Object.entries(kafkaProperties).flatMap(([other, property]) =>
    property.kind === 'alias' && property.of === name ? [other] : [],
  ),
];

/** JSON numbers lose what stands behind the point. */
const whole = (value: number): number => Math.trunc(value) + 0;

const integerOf = (text: string): number | undefined => (/^-?\d{1,10}$/.test(text) ? Number(text) : undefined);

const decimalOf = (text: string): number | undefined =>
  /^-?(\d{1,10}(\.\d{0,10})?|\.\d{1,10})$/.test(text) ? Number(text) : undefined;

const flags: ReadonlyMap<string, boolean> = new Map([
  ...['true', 't', '1'].map((text) => [text, true] as const),
  ...['false', 'f', '0'].map((text) => [text, false] as const),
]);

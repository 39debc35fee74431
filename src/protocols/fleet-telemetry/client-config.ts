/** What vehicles are told about a server (spec 7.3): the configuration that an operator sends them by Tesla's API. */
import { isObject } from '../json-object.js';
import { FIELD_NAMES } from './field-names.js';

export interface ClientField {
  /** Seconds; sent on a change, and not more often. */
  readonly interval_seconds: number;
  /** Seconds after which an unchanged value is sent again. */
  readonly resend_interval_seconds?: number;
  /** Smaller changes of a number are not sent. */
  readonly minimum_delta?: number;
}

export interface ClientConfig {
  readonly hostname: string;
  readonly port: number;
  /** PEM: what the vehicle trusts for the server. */
  readonly ca: string;
  readonly fields: Readonly<Record<string, ClientField>>;
  readonly alert_types?: readonly string[];
  readonly prefer_typed?: boolean;
  readonly delivery_policy?: 'latest';
  /** Epoch seconds. */
  readonly exp?: number;
}

/** Something that is wrong, or that is probably not meant. */
export interface ClientConfigFinding {
  readonly severity: 'mistake' | 'warning';
  /** `fields.Soc.interval_seconds`; empty: the whole. */
  readonly key: string;
  readonly message: string;
}

export interface ClientConfigCheck {
  /** Absent if there are mistakes. */
  readonly config?: ClientConfig;
  /** What was found inside of `{"vins": …, "config": …}`, or was the whole; for who goes on in spite of mistakes. */
  readonly inner: Readonly<Record<string, unknown>>;
  readonly findings: readonly ClientConfigFinding[];
}

export interface ClientConfigSurroundings {
  /** Epoch milliseconds. */
  readonly now: number;
  /** The candidate that a word was probably meant to be. */
  readonly suggest: (word: string, candidates: Iterable<string>) => string | undefined;
}

const KEYS = ['hostname', 'port', 'ca', 'fields', 'alert_types', 'prefer_typed', 'delivery_policy', 'exp'] as const;
const FIELD_KEYS = ['interval_seconds', 'resend_interval_seconds', 'minimum_delta'] as const;
/** Added when the configuration is signed. */
const SIGNED_KEYS: ReadonlySet<string> = new Set(['iss', 'aud']);
const ALERT_TYPES = ['service', 'customer'] as const;
/** An epoch of seconds that is so late is one of milliseconds. */
const LATEST_EPOCH_S = 100_000_000_000;
const NAME = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/;

/** Names of fields that vehicles may be asked for, in the order of their numbers. */
export const STREAMABLE_FIELDS: readonly string[] = FIELD_NAMES.filter(
  (name) => !/^(?:Unknown$|Deprecated_|Experimental_)/.test(name),
);

/** Reads a client configuration, with or without the request around it, and tells all that is wrong with it. */
export function checkClientConfig(value: unknown, surroundings: ClientConfigSurroundings): ClientConfigCheck {
  return new Checker(surroundings).check(value);
}

class Checker {
  private readonly findings: ClientConfigFinding[] = [];

  constructor(private readonly surroundings: ClientConfigSurroundings) {}

  check(value: unknown): ClientConfigCheck {
    const outer = isObject(value) ? value : undefined;
    const inner = outer && isObject(outer['config']) ? outer['config'] : (outer ?? {});
    if (!outer) {
      this.mistake('', 'expected an object');
      return { inner, findings: this.findings };
    }
    this.unknownKeys('', inner, [...KEYS, ...SIGNED_KEYS]);
    this.hostname(inner['hostname']);
    this.port(inner['port']);
    this.ca(inner['ca']);
    this.fields(inner['fields']);
    this.alertTypes(inner['alert_types']);
    this.optional('prefer_typed', inner['prefer_typed'], 'boolean');
    this.deliveryPolicy(inner['delivery_policy']);
    this.expiry(inner['exp']);
    const isSound = this.findings.every(({ severity }) => severity === 'warning');
    return { inner, findings: this.findings, ...(isSound ? { config: inner as unknown as ClientConfig } : {}) };
  }

  private mistake(key: string, message: string): void {
    this.findings.push({ severity: 'mistake', key, message });
  }

  private warn(key: string, message: string): void {
    this.findings.push({ severity: 'warning', key, message });
  }

  private unknownKeys(path: string, value: object, known: readonly string[]): void {
    for (const key of Object.keys(value)) {
      if (!known.includes(key)) this.warn(join(path, key), `unknown key${this.hint(key, known)}`);
      else if (path === '' && SIGNED_KEYS.has(key))
        this.warn(key, 'is added when the configuration is signed; leave it out');
    }
  }

  private hint(word: string, candidates: readonly string[]): string {
    const meant = this.surroundings.suggest(word, candidates);
    return meant === undefined ? '' : `, did you mean ${meant}?`;
  }

  private hostname(value: unknown): void {
    if (typeof value !== 'string' || value === '') {
      this.mistake('hostname', 'expected the name of the server');
    } else if (!NAME.test(value)) {
      this.warn('hostname', `${value} is no full name (as in telemetry.example.com), which vehicles outside need`);
    }
  }

  private port(value: unknown): void {
    if (typeof value === 'string' && /^\d+$/.test(value)) {
      this.mistake(
        'port',
        `is the text "${value}": the API takes it, and no vehicle ever connects; write the number ${value}`,
      );
    } else if (!isWhole(value, 1, 65_535)) {
      this.mistake('port', 'expected a whole number from 1 to 65535');
    }
  }

  private ca(value: unknown): void {
    if (typeof value !== 'string' || value === '') {
      this.mistake('ca', "expected the server's authorities as PEM");
    } else if (!CERTIFICATE.test(value)) {
      this.mistake('ca', 'there is no certificate in PEM in it; is it the name of a file? The content belongs here');
    }
  }

  private fields(value: unknown): void {
    if (!isObject(value)) {
      this.mistake('fields', 'expected an object: {"VehicleSpeed": {"interval_seconds": 10}}');
      return;
    }
    if (Object.keys(value).length === 0) this.warn('fields', 'is empty: vehicles connect and send no signals');
    const known = new Set(FIELD_NAMES);
    for (const [name, field] of Object.entries(value)) {
      const path = join('fields', name);
      if (!known.has(name)) this.mistake(path, `unknown field${this.hint(name, STREAMABLE_FIELDS)}`);
      else if (!STREAMABLE_FIELDS.includes(name)) this.warn(path, 'is not sent by vehicles');
      if (isObject(field)) this.field(path, field);
      else this.mistake(path, 'expected an object with interval_seconds');
    }
  }

  private field(path: string, field: Readonly<Record<string, unknown>>): void {
    this.unknownKeys(path, field, FIELD_KEYS);
    const { interval_seconds: interval, resend_interval_seconds: resend, minimum_delta: delta } = field;
    if (!isWhole(interval, 1)) this.mistake(join(path, 'interval_seconds'), 'expected whole seconds, 1 or more');
    if (resend !== undefined && !isWhole(resend, 1)) {
      this.mistake(join(path, 'resend_interval_seconds'), 'expected whole seconds, 1 or more');
    } else if (isWhole(resend, 1) && isWhole(interval, 1) && resend < interval) {
      this.warn(
        join(path, 'resend_interval_seconds'),
        `is shorter than interval_seconds (${interval}), which stays the least`,
      );
    }
    if (delta !== undefined && !(typeof delta === 'number' && Number.isFinite(delta) && delta > 0)) {
      this.mistake(join(path, 'minimum_delta'), 'expected a number above 0');
    }
  }

  private alertTypes(value: unknown): void {
    if (value === undefined) return;
    if (!Array.isArray(value) || value.some((each) => typeof each !== 'string')) {
      this.mistake('alert_types', 'expected a list of texts');
      return;
    }
    for (const each of value as readonly string[]) {
      if ((ALERT_TYPES as readonly string[]).includes(each)) continue;
      this.warn('alert_types', `${each} is none of ${ALERT_TYPES.join(', ')}${this.hint(each, ALERT_TYPES)}`);
    }
  }

  private deliveryPolicy(value: unknown): void {
    if (value === undefined || value === 'latest') return;
    this.mistake('delivery_policy', 'expected "latest", or nothing');
  }

  private expiry(value: unknown): void {
    if (value === undefined) return;
    const nowS = Math.floor(this.surroundings.now / 1_000);
    if (!isWhole(value, 1)) this.mistake('exp', 'expected whole seconds since 1970');
    else if (value >= LATEST_EPOCH_S) this.mistake('exp', 'are milliseconds; write seconds since 1970');
    else if (value <= nowS) this.mistake('exp', 'is over: vehicles would not stream at all');
  }

  private optional(key: string, value: unknown, type: 'boolean'): void {
    if (value !== undefined && typeof value !== type) this.mistake(key, 'expected true or false');
  }
}

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

const isWhole = (value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;

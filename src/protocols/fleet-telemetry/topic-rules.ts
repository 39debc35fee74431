/**
 * When a record is acknowledged: on receipt, when it is flushed to the spool, or when that dispatcher has confirmed it
 * (section 12 `ackWhen`, FT-ACK-1, FT-ACK-2).
 */
export type Acknowledge = 'received' | 'spooled' | { readonly confirmedBy: string };

/** A topic that is a key of `records`. */
export interface TopicRule {
  readonly topic: string;
  readonly acknowledge: Acknowledge;
}

/** What {@link TopicRules} are made from. */
export interface TopicOptions {
  /** The keys of `records`. */
  readonly topics: Iterable<string>;
  /** For topics without a reliable source. @default 'spooled' */
  readonly ackWhen?: 'received' | 'spooled';
  /** `reliable_ack_sources`: topic → the dispatcher whose confirmation counts. @default {} */
  readonly reliableAckSources?: Readonly<Record<string, string>>;
}

/** The configured topics, found by their bytes: looking one up for each message allocates nothing. */
export class TopicRules {
  private readonly byLength: (readonly (readonly [Uint8Array, TopicRule])[])[] = [];

  constructor({ topics, ackWhen = 'spooled', reliableAckSources = {} }: TopicOptions) {
    for (const topic of new Set(topics)) {
      const confirmedBy = Object.hasOwn(reliableAckSources, topic) ? reliableAckSources[topic] : undefined;
      const rule: TopicRule = { topic, acknowledge: confirmedBy === undefined ? ackWhen : { confirmedBy } };
      const bytes = Buffer.from(topic, 'utf8');
      this.byLength[bytes.length] = [...(this.byLength[bytes.length] ?? []), [bytes, rule]];
    }
  }

  find(topic: Uint8Array): TopicRule | undefined {
    const candidates = this.byLength[topic.length];
    if (candidates === undefined) return undefined;
    for (const [bytes, rule] of candidates) {
      if (sameBytes(bytes, topic)) return rule;
    }
    return undefined;
  }
}

/** Whether two byte strings are equal. For the few bytes of a name this is quicker than a call out of JavaScript. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

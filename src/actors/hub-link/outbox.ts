import type { AppendLog } from '../../runtime/append-log/append-log.js';
import type { LogReader } from '../../runtime/append-log/log-reader.js';
import {
  type ActorSystem,
  type Clock,
  errorRecord,
  type Metrics,
  type OutputContext,
  openLog,
  type Refusals,
} from '../../runtime/index.js';
import type { PublishOutput } from '../mqtt-link/index.js';
import { type Carried, OUTBOX, READER } from './events.js';

/** A message as an entry of the outbox: the length of its topic, the topic, the payload. */
export function encodeEntry({ topic, payload }: Carried): Uint8Array {
  const name = Buffer.from(topic);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(name.length);
  return Buffer.concat([length, name, payload]);
}

/** `undefined` for what is none. */
export function decodeEntry(entry: Uint8Array): Carried | undefined {
  const bytes = Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength);
  if (bytes.length < 2) return undefined;
  const end = 2 + bytes.readUInt16BE(0);
  if (bytes.length < end) return undefined;
  return { topic: bytes.toString('utf8', 2, end), payload: bytes.subarray(end) };
}

export interface OutboxDeps {
  readonly system: Pick<ActorSystem, 'commit' | 'addLog'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly refusals: Refusals;
  readonly boundBytes: number;
  /** What the vehicle may still say: its name may have changed since an entry was kept. */
  readonly isOwn: (topic: string) => boolean;
  /** Resolves when the hub has acknowledged it. */
  readonly publish: (output: PublishOutput, context: Pick<OutputContext, 'id' | 'signal'>) => void | Promise<void>;
}

/**
 * What waits for the hub, on disk (HL-2): one message at a time is on its way, so that the order is kept, and each is
 * removed when the hub has acknowledged it.
 */
export class HubOutbox {
  private log: AppendLog | undefined;
  private reader: LogReader | undefined;
  private readonly forwarded;

  constructor(private readonly deps: OutboxDeps) {
    const { metrics } = deps;
    this.forwarded = metrics.counter({
      name: 'hub_link_forwarded_total',
      help: 'Messages of the vehicle that the hub has acknowledged.',
    });
    metrics.gauge({
      name: 'hub_link_outbox_messages',
      help: 'Messages of the vehicle that wait for the hub.',
      collect: (metric) => metric.set(this.pending.items),
    });
    metrics.gauge({
      name: 'hub_link_outbox_bytes',
      help: 'What they take, in bytes.',
      collect: (metric) => metric.set(this.pending.bytes),
    });
  }

  get pending(): { readonly items: number; readonly bytes: number; readonly oldestAt?: number } {
    return this.reader?.pending() ?? { items: 0, bytes: 0 };
  }

  /** Since the start of the process, at the bound. */
  get dropped(): number {
    return this.reader?.dropped ?? 0;
  }

  /** Before any actor is awake. */
  async open(): Promise<void> {
    const { system, clock, boundBytes, refusals } = this.deps;
    const log = await openLog(system.commit, clock, {
      name: OUTBOX,
      readers: [{ name: READER, boundBytes, overflow: 'drop-oldest' }],
    });
    const reader = log.reader(READER);
    this.log = log;
    this.reader = reader;
    system.addLog(OUTBOX, {
      append: (...entry) => {
        const before = reader.dropped;
        const result = log.append(...entry);
        for (let drop = before; drop < reader.dropped; drop++) refusals.refuse(OUTBOX, 'outbox_full', { boundBytes });
        return result;
      },
    });
  }

  close(): void {
    this.log?.close();
  }

  /** Carries what there is and what comes, until the signal. */
  async forward(signal: AbortSignal): Promise<void> {
    const { reader } = this;
    if (!reader) return;
    reader.rewind();
    while (!signal.aborted) {
      const [item] = reader.read(1, Number.POSITIVE_INFINITY);
      if (!item) {
        await available(reader, signal);
        continue;
      }
      await this.carry(decodeEntry(item.payload), { id: `${item.seq}`, signal });
      if (signal.aborted) return;
      reader.confirm(item.seq);
    }
  }

  private async carry(message: Carried | undefined, context: Pick<OutputContext, 'id' | 'signal'>): Promise<void> {
    const { isOwn, publish, refusals } = this.deps;
    const { signal } = context;
    if (!message || !isOwn(message.topic)) {
      refusals.refuse(OUTBOX, 'foreign_topic', { topic: message?.topic ?? '' });
      return;
    }
    try {
      await publish({ type: 'mqtt.publish', ...message, qos: 1, retain: false }, context);
      if (!signal.aborted) this.forwarded.inc();
    } catch (error) {
      if (signal.aborted) return;
      // The connection is there, and this cannot be sent over it: what is behind it can.
      refusals.refuse(OUTBOX, 'unpublishable', { topic: message.topic, err: errorRecord(error) });
    }
  }
}

function available(reader: LogReader, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stop();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const stop = reader.onAvailable(done);
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { once: true });
  });
}

import { setTimeout as wait } from 'node:timers/promises';
import dbus, { type MessageBus } from 'dbus-native';

/** What the service tells without being asked. */
export type RaucSignal =
  | { readonly kind: 'progress'; readonly percent: number; readonly text: string; readonly depth: number }
  /** `code` 0 is success; it is told to everybody, whoever began the installation (SUA-41). */
  | { readonly kind: 'completed'; readonly code: number }
  /** The service, or the bus, has left. */
  | { readonly kind: 'gone' };

/** A method that the service refused; `message` is its own text, which alone tells errors of RAUC apart. */
export class RaucCallError extends Error {
  override readonly name = 'RaucCallError';
  constructor(
    message: string,
    readonly dbusName: string,
  ) {
    super(message);
  }
}

const SERVICE = 'de.pengutronix.rauc';
const INSTALLER = `${SERVICE}.Installer`;
const PROPERTIES = 'org.freedesktop.DBus.Properties';
const DEFAULT_ADDRESS = 'unix:path=/run/dbus/system_bus_socket';
const CALL_MS = 60_000;

interface Connection {
  readonly bus: MessageBus;
  /** Resolves once the signals are subscribed to: a small installation ends before a later AddMatch (SUA-39). */
  readonly ready: Promise<void>;
}

/**
 * RAUC's interface on the system bus (SUA §8.1). Connects when it is needed, and again after a loss: a connection that
 * is lost fails the calls under way and is no state of its own (SUA-54).
 */
export class RaucBus {
  private connection: Connection | undefined;
  private readonly listeners = new Set<(signal: RaucSignal) => void>();

  /**
   * `address` as in `DBUS_SYSTEM_BUS_ADDRESS`, which is the default; `callMs`: for an answer, to a connection's first
   * words too.
   */
  constructor(
    private readonly address = process.env['DBUS_SYSTEM_BUS_ADDRESS'] ?? DEFAULT_ADDRESS,
    private readonly callMs = CALL_MS,
  ) {}

  /** @throws RaucCallError */
  call(member: string, signature = '', body: readonly unknown[] = [], signal?: AbortSignal): Promise<unknown> {
    return this.invoke(INSTALLER, member, signature, body, signal);
  }

  /** @throws RaucCallError */
  property(name: string, signal?: AbortSignal): Promise<unknown> {
    return this.invoke(PROPERTIES, 'Get', 'ss', [INSTALLER, name], signal);
  }

  /** Hears the signals of this and later connections; returns how to stop. */
  listen(listener: (signal: RaucSignal) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async close(): Promise<void> {
    const { connection } = this;
    this.connection = undefined;
    connection?.bus.connection.end();
  }

  private async invoke(
    face: string,
    member: string,
    signature: string,
    body: readonly unknown[],
    signal?: AbortSignal,
  ): Promise<unknown> {
    const call = { destination: SERVICE, path: '/', interface: face, member };
    const withBody = signature === '' ? call : { ...call, signature, body: [...body] };
    try {
      const { bus, ready } = this.connect();
      await ready;
      return await bus.invoke(withBody, { timeout: this.callMs, ...(signal ? { signal } : {}) });
    } catch (error) {
      signal?.throwIfAborted();
      const { message, dbusName } = error as { message?: string; dbusName?: string };
      throw new RaucCallError(message ?? String(error), dbusName ?? '');
    }
  }

  private connect(): Connection {
    if (this.connection) return this.connection;
    const bus = dbus.createClient({ busAddress: this.address, plainValues: true });
    const connection: Connection = { bus, ready: this.subscribe(bus) };
    this.connection = connection;
    // Whoever calls hears of it.
    connection.ready.catch(() => this.lost(connection));
    bus.connection.on('message', (message) => this.take(message));
    bus.connection.on('error', () => this.lost(connection));
    bus.connection.on('close', () => this.lost(connection));
    return connection;
  }

  private async subscribe(bus: MessageBus): Promise<void> {
    const failed = new Promise<never>((_resolve, reject) => bus.connection.on('error', reject));
    const answered = new AbortController();
    const late = wait(this.callMs, undefined, { signal: answered.signal }).then(() => {
      throw new Error(`the bus gave no answer within ${this.callMs} ms`);
    });
    late.catch(() => {});
    const rules = [
      `type='signal',sender='${SERVICE}',path='/'`,
      `type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='${SERVICE}'`,
    ];
    const subscribed = Promise.all(rules.map((rule) => bus.addMatch(rule)));
    subscribed.catch(() => {});
    await Promise.race([subscribed, failed, late]).finally(() => answered.abort());
  }

  private lost(connection: Connection): void {
    if (this.connection !== connection) return;
    this.connection = undefined;
    connection.bus.connection.end();
    this.tell({ kind: 'gone' });
  }

  private take({
    interface: face,
    member,
    body = [],
  }: {
    interface?: string;
    member?: string;
    body?: unknown[];
  }): void {
    if (face === INSTALLER && member === 'Completed') this.tell({ kind: 'completed', code: Number(body[0]) });
    else if (member === 'NameOwnerChanged' && body[0] === SERVICE && body[2] === '') this.tell({ kind: 'gone' });
    else if (face === PROPERTIES && member === 'PropertiesChanged' && body[0] === INSTALLER) {
      const progress = progressOf((body[1] as { Progress?: unknown }).Progress);
      if (progress) this.tell(progress);
    }
  }

  private tell(signal: RaucSignal): void {
    for (const listener of [...this.listeners]) listener(signal);
  }
}

/** The property `Progress`: percent, English text, nesting depth. */
export function progressOf(value: unknown): Extract<RaucSignal, { kind: 'progress' }> | undefined {
  if (!Array.isArray(value)) return undefined;
  const [percent, text, depth] = value as unknown[];
  return { kind: 'progress', percent: Number(percent), text: String(text), depth: Number(depth) };
}

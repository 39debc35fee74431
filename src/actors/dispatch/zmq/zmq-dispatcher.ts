/**
 * Records as messages of two frames on a ZeroMQ socket (spec 5.4): the topic and the payload.
 *
 * Invariants
 * - ZMD-1 A record is confirmed when the socket has taken it for every subscriber of its topic that was there; what
 *   nobody subscribes to is confirmed, too. Whether it arrived, nobody knows.
 * - ZMD-2 Where slow subscribers are waited for, nothing is passed over for one whose queue is full.
 * - ZMD-3 A socket that works stays bound over failures: closing it would throw away what waits for its subscribers.
 */
import type { Context } from 'zeromq';
import type { ZmqDispatcherSettings } from '../../../protocols/fleet-telemetry/zmq-settings.js';
import type { Clock } from '../../../runtime/clock.js';
import type { FleetchartError } from '../../../runtime/errors.js';
import { pause, within } from '../../../runtime/wait.js';
import { CLIENT_PACKAGES, loadPackage } from '../client-package.js';
import type { Delivery, Dispatcher, RecordFormats } from '../dispatcher.js';
import { DispatchError, dispatchError, givenUp, notConnected } from '../errors.js';
import { formOf, reasonOf } from '../form.js';
import type { FleetRecord } from '../record.js';
import { Settlement } from '../settlement.js';
import { unlessAborted } from '../unless-aborted.js';
import type { DeniedClient } from './gatekeeper.js';
import { type Library, type SocketEvent, ZmqPublisher } from './publisher.js';

export interface ZmqDispatcherOptions extends ZmqDispatcherSettings {
  readonly formats: RecordFormats;
  readonly clock: Clock;
  /** Told of each message that the socket has taken, with the bytes of both frames. */
  readonly onPublished?: (type: string, bytes: number) => void;
  /** Told of what happens to the socket, if `verbose`. */
  readonly onEvent?: (event: SocketEvent) => void;
  /** Told of each client that CURVE did not let in. */
  readonly onDenied?: (client: DeniedClient) => void;
  /** For a subscriber whose queue is full, and for the first one to come. @default 20000 */
  readonly patienceMs?: number;
  /** Loads the client library. */
  readonly load?: () => Promise<Library>;
}

/** ZeroMQ lets go of an address a moment after the socket there was closed. */
const BIND_AGAIN_MS = 50;
const MOST_BINDS = 20;
/** How often room is looked for: no event tells of it. */
const LOOK_AGAIN_MS = 5;

export function createZmqDispatcher(options: ZmqDispatcherOptions): Dispatcher {
  return new ZmqDispatcher(options);
}

class ZmqDispatcher implements Dispatcher {
  readonly kind = 'zmq';
  readonly confirmation = 'relayed';
  readonly window = 1;
  private readonly lostListeners = new Set<(error: FleetchartError) => void>();
  private readonly patienceMs: number;
  private context: Context | undefined;
  private publisher: ZmqPublisher | undefined;
  private hasBeenBound = false;

  constructor(private readonly options: ZmqDispatcherOptions) {
    this.patienceMs = options.patienceMs ?? 20_000;
  }

  async connect(signal: AbortSignal): Promise<void> {
    if (!this.publisher?.isUp) await this.bind(signal);
    const { publisher, options } = this;
    if (!publisher || options.nobodyListens === 'drop' || publisher.hasSubscribers) return;
    await this.firstSubscriber(publisher, signal);
  }

  async deliver(
    records: readonly FleetRecord[],
    signal: AbortSignal,
    progress: (delivery: Delivery) => void = () => {},
  ): Promise<Delivery> {
    const { publisher } = this;
    if (records.length === 0) return { delivered: 0 };
    if (!publisher?.isUp) return notConnected();
    const settlement = new Settlement(records.length, progress);
    for (const [index, record] of records.entries()) {
      try {
        settlement.settle(index, await this.publish(publisher, record, signal));
      } catch (error) {
        settlement.fail(dispatchError('DISPATCH_ZMQ_FAILED', 'zmq_dispatch_error', error));
        break;
      }
    }
    return settlement.outcome;
  }

  async close(deadlineMs: number): Promise<void> {
    const { publisher } = this;
    this.publisher = undefined;
    publisher?.close(deadlineMs);
  }

  onLost(callback: (error: FleetchartError) => void): () => void {
    this.lostListeners.add(callback);
    return () => this.lostListeners.delete(callback);
  }

  private async bind(signal: AbortSignal): Promise<void> {
    const { options } = this;
    const load = options.load ?? (() => import('zeromq'));
    const library = await loadPackage(CLIENT_PACKAGES.zmq, load);
    if (signal.aborted) throw givenUp();
    // One for each dispatcher: the handler of a context answers for all of its sockets.
    this.context ??= new library.Context({ blocky: false });
    const publisher = await this.bound(library, this.context, signal);
    if (signal.aborted) {
      // Nobody else would close it.
      publisher.close(0);
      throw givenUp();
    }
    this.publisher = publisher;
    publisher.onLost((error) => this.lose(publisher, error));
    publisher.onSubscribers(() => {
      if (options.nobodyListens === 'wait' && !publisher.hasSubscribers) this.lose(publisher, nobody(options));
    });
    // Subscribers that were there before the socket was closed come back by themselves, but not at once.
    await pause(options.clock, options.joinMs, signal);
  }

  /** Tries again for an address that was this one's own. */
  private async bound(library: Library, context: Context, signal: AbortSignal): Promise<ZmqPublisher> {
    const { options } = this;
    for (let tries = 1; ; tries++) {
      try {
        const publisher = await ZmqPublisher.bind(library, context, {
          ...options,
          onEvent: options.verbose ? options.onEvent : undefined,
          onDenied: options.onDenied ?? (() => {}),
        });
        this.hasBeenBound = true;
        return publisher;
      } catch (error) {
        if (!this.hasBeenBound || !isInUse(error) || tries >= MOST_BINDS || signal.aborted) throw error;
        await pause(options.clock, BIND_AGAIN_MS, signal);
      }
    }
  }

  private async firstSubscriber(publisher: ZmqPublisher, signal: AbortSignal): Promise<void> {
    let stop = (): void => {};
    const subscribed = new Promise<void>((resolve) => {
      stop = publisher.onSubscribers(resolve);
    });
    try {
      const isThere = await within(this.options.clock, unlessAborted(subscribed, signal), this.patienceMs);
      if (!isThere) throw nobody(this.options);
    } finally {
      stop();
    }
  }

  /** Returns why the record is refused, if it is. */
  private async publish(
    publisher: ZmqPublisher,
    record: FleetRecord,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { formats, clock, nobodyListens, onPublished } = this.options;
    const form = formOf(formats.topic, record);
    if (!form.ok) return reasonOf(form.error);
    const { topic, body } = form.value;
    const begin = clock.monotonic();
    while (!signal.aborted) {
      if (nobodyListens === 'wait' && !publisher.hasSubscribers) throw nobody(this.options);
      if (await publisher.send(topic, body)) {
        onPublished?.(record.type, Buffer.byteLength(topic) + body.length);
        return undefined;
      }
      if (clock.monotonic() - begin >= this.patienceMs) throw slow(this.patienceMs);
      await pause(clock, LOOK_AGAIN_MS, signal).catch(() => {});
    }
    throw givenUp();
  }

  private lose(publisher: ZmqPublisher, error: FleetchartError): void {
    if (this.publisher !== publisher) return;
    for (const callback of [...this.lostListeners]) callback(error);
  }
}

const isInUse = (error: unknown): boolean =>
  ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE';

function nobody({ address, serverKeyFile }: ZmqDispatcherOptions): DispatchError {
  const denied = serverKeyFile === '' ? '' : '; zmq_client_denied in the log names those that CURVE does not let in';
  return new DispatchError(
    'DISPATCH_ZMQ_NOBODY',
    `nobody has subscribed at ${address}, and records wait: connect a subscriber${denied}, or set fleetchart.zmq.nobodyListens to drop`,
    { retryable: true },
  );
}

const slow = (ms: number): DispatchError =>
  new DispatchError(
    'DISPATCH_ZMQ_SLOW',
    `for ${ms} ms a subscriber has taken nothing and its queue is full (fleetchart.zmq.highWaterMark); stop it, or set fleetchart.zmq.slowSubscriber to drop`,
    { retryable: true },
  );

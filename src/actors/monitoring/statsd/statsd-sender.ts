/**
 * Sends metrics to a StatsD server over UDP.
 *
 * Invariants
 * - STD-1 Neither a name that does not resolve nor a socket that fails is felt by anybody else; the log says it once a
 *   minute.
 * - STD-2 Growth that could not be sent because the server's name did not resolve, or no socket could be bound, is sent
 *   later.
 * - STD-3 One round at a time: a slow one makes the next one late, and larger.
 */
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import type { StatsdSettings } from '../../../protocols/fleet-telemetry/monitoring-settings.js';
import {
  type Child,
  type Clock,
  type Logger,
  type Metrics,
  RepeatedFailures,
  type TimerHandle,
} from '../../../runtime/index.js';
import { MonitoringError } from '../errors.js';
import { packets, StatsdLines } from './lines.js';

/** Gauges take a look at everything that is measured, and are sent whether or not they changed. */
const GAUGES_MS = 10_000;
/** The address behind a name may change. */
const RESOLVE_MS = 60_000;
/** A name that does not resolve is asked for no more often. */
const RESOLVE_AGAIN_MS = 5_000;
/** For the last round of a stop: the system's resolver may take far longer. */
const STOP_MS = 2_000;

export interface Resolved {
  readonly address: string;
  readonly family: number;
}

export interface StatsdDeps {
  readonly settings: StatsdSettings;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Logger;
  /** @default the system's resolver */
  readonly resolve?: (host: string) => Promise<Resolved>;
  /** @default the system's, not yet bound */
  readonly openSocket?: (type: 'udp4' | 'udp6') => Socket;
}

/** A child of a supervisor that never fails by itself. */
export class StatsdSender implements Child {
  readonly name = 'statsd';
  readonly kind = 'service';
  private readonly lines: StatsdLines;
  private readonly failures: RepeatedFailures;
  private target: Resolved | undefined;
  private resolveAt = 0;
  private gaugesAt = 0;
  private socket: Socket | undefined;
  private timer: TimerHandle;
  private round: Promise<void> = Promise.resolve();
  private isRunning = false;
  private isClosed = false;

  constructor(private readonly deps: StatsdDeps) {
    this.lines = new StatsdLines(deps.settings.prefix);
    this.failures = new RepeatedFailures({ ...deps, message: 'statsd_failed' });
  }

  readonly start = async (): Promise<void> => {
    const { settings, logger, clock } = this.deps;
    const { host, port, flushPeriodMs } = settings;
    this.isRunning = true;
    this.isClosed = false;
    this.gaugesAt = clock.monotonic();
    this.resolveAt = clock.monotonic();
    logger.info({ address: `${host}:${port}`, flush_period: flushPeriodMs }, 'new_statsd_client');
    this.arm();
  };

  /** Sends what has grown since the last time, if it can within the deadline. */
  readonly stop = async (deadlineMs = STOP_MS): Promise<void> => {
    if (!this.isRunning) return;
    this.isRunning = false;
    const { clock } = this.deps;
    clock.clearTimeout(this.timer);
    let late: TimerHandle;
    const isLate = new Promise<void>((resolve) => {
      late = clock.setTimeout(resolve, Math.min(deadlineMs, STOP_MS));
    });
    await Promise.race([this.lastRound(), isLate]);
    clock.clearTimeout(late);
    this.isClosed = true;
    this.closeSocket();
  };

  private async lastRound(): Promise<void> {
    await this.round;
    this.gaugesAt = Number.NEGATIVE_INFINITY;
    await this.flush();
  }

  private arm(): void {
    const { clock, settings } = this.deps;
    this.timer = clock.setTimeout(() => {
      this.round = this.flush().then(() => {
        if (this.isRunning) this.arm();
      });
    }, settings.flushPeriodMs);
  }

  private async flush(): Promise<void> {
    try {
      const target = await this.resolved();
      if (!target || this.isClosed) return;
      const socket = await this.socketFor(target);
      const { metrics, clock } = this.deps;
      const samples = await metrics.samples('counter');
      if (clock.monotonic() >= this.gaugesAt) {
        this.gaugesAt = clock.monotonic() + GAUGES_MS;
        samples.push(...(await metrics.samples('gauge')));
      }
      await this.send(socket, packets(this.lines.of(samples)), target);
    } catch (error) {
      this.failed('MONITORING_STATSD_FAILED', 'metrics could not be sent', error);
    }
  }

  private async resolved(): Promise<Resolved | undefined> {
    const { clock, settings, resolve = (host) => lookup(host) } = this.deps;
    if (clock.monotonic() < this.resolveAt) return this.target;
    try {
      this.target = await resolve(settings.host);
      this.resolveAt = clock.monotonic() + RESOLVE_MS;
    } catch (error) {
      this.resolveAt = clock.monotonic() + RESOLVE_AGAIN_MS;
      this.failed('MONITORING_STATSD_HOST', `the name ${settings.host} does not resolve`, error);
    }
    return this.target;
  }

  private async send(socket: Socket, datagrams: readonly Buffer[], { address }: Resolved): Promise<void> {
    for (const datagram of datagrams) {
      // One that has failed meanwhile is closed.
      if (this.socket !== socket) return;
      await new Promise<void>((sent) => {
        socket.send(datagram, this.deps.settings.port, address, (error) => {
          if (error) this.failed('MONITORING_STATSD_FAILED', 'a datagram could not be sent', error);
          sent();
        });
      });
    }
  }

  /** The socket of before, or a new one; it is kept only once it is bound. */
  private async socketFor({ family }: Resolved): Promise<Socket> {
    if (this.socket?.address().family === `IPv${family}`) return this.socket;
    this.closeSocket();
    const { openSocket = createSocket } = this.deps;
    const socket = openSocket(family === 6 ? 'udp6' : 'udp4');
    socket.unref();
    try {
      await new Promise<void>((bound, failed) => {
        socket.once('error', failed);
        socket.bind(0, () => {
          socket.off('error', failed);
          bound();
        });
      });
    } catch (error) {
      socket.close();
      throw error;
    }
    socket.on('error', (error) => {
      this.failed('MONITORING_STATSD_FAILED', 'the socket failed', error);
      if (this.socket === socket) this.closeSocket();
    });
    this.socket = socket;
    return socket;
  }

  private closeSocket(): void {
    this.socket?.close();
    this.socket = undefined;
  }

  private failed(code: string, what: string, cause: unknown): void {
    const { host, port } = this.deps.settings;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const error = new MonitoringError(code, `${what}: ${reason}`, { cause });
    this.failures.failed('statsd', { address: `${host}:${port}` }, error);
  }
}

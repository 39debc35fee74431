import type { EffectArguments } from '../../runtime/index.js';
import { explainDrop, explainTimeout } from './connect-failure.js';
import { DisconnectedError, RefusedError } from './connection-error.js';
import type { DeviceCredentials } from './credentials.js';
import { connectVehicle, type VehicleSocket } from './effects.js';
import type { ConnectionInput, VehicleEvent } from './events.js';
import type { Gate } from './gate.js';
import type { LoadPlan } from './load-plan.js';
import { RecordPump } from './record-pump.js';
import type { Target } from './target.js';

export interface VehicleDeps {
  readonly plan: LoadPlan;
  readonly target: Target;
  readonly credentials: DeviceCredentials;
  readonly txidPrefix: string;
  readonly uniform: () => number;
  /** A fresh id for each connection (FT-CLI-1). */
  readonly connectionId: () => string;
  readonly networkInterface: string;
  readonly clientVersion: string;
  /** Limits how many connect at the same time. */
  readonly gate: Gate;
  readonly onRefused: (error: RefusedError) => void;
}

/** A connection that was ended sooner than this, and without a reply, was never wanted (FT-WS-9)… */
const UNWANTED_MS = 2_000;
/** … if it was ended in one of these ways: a server that stops says so. */
const UNWANTED = new Set(['dropped', 'closed_1008']);

/** What a vehicle is at run time: its connection, and the pump on it. */
export class VirtualVehicle {
  readonly pump: RecordPump;
  private socket: VehicleSocket | undefined;
  private connects = 0;
  private failures = 0;
  private isWelcome = false;

  constructor(private readonly deps: VehicleDeps) {
    const { plan, txidPrefix, uniform } = deps;
    this.pump = new RecordPump(plan, { vin: deps.credentials.vin, txidPrefix, uniform });
  }

  get isConnected(): boolean {
    return this.socket !== undefined;
  }

  /** Whether the server ever kept it. */
  get hasConnected(): boolean {
    return this.isWelcome;
  }

  /** Tries to connect that failed, and connections that the server dropped at once. */
  get failedTries(): number {
    return this.failures;
  }

  /** The chart's `connect`. */
  async connect({ signal }: EffectArguments<ConnectionInput>): Promise<void> {
    const { deps } = this;
    const { plan, target, credentials, networkInterface, clientVersion, gate } = deps;
    const headers = {
      'X-Network-Interface': networkInterface,
      Version: clientVersion,
      'X-TXID': deps.connectionId(),
    };
    const { mask, clock } = plan;
    try {
      const socket = await gate.pass(signal, () =>
        connectVehicle({ target, credentials, headers, mask, clock, signal }),
      );
      this.keep(socket);
      // The chart has gone on without it.
      if (signal.aborted) socket.close();
      signal.throwIfAborted();
    } catch (error) {
      throw this.refused(signal.aborted ? new RefusedError(explainTimeout(target.text)) : error);
    }
    this.connects += 1;
    plan.statistics.connects += 1;
    if (this.connects > 1) plan.statistics.reconnects += 1;
  }

  /** The chart's `stream`. */
  async stream({ signal, send }: EffectArguments<ConnectionInput>): Promise<never> {
    const { socket, pump, deps } = this;
    if (!socket) throw new DisconnectedError('dropped', 'there is no connection');
    const { clock, statistics } = deps.plan;
    const openedAt = clock.monotonic();
    const onAbort = (): void => socket.close();
    signal.addEventListener('abort', onAbort, { once: true });
    socket.receive({
      message: (payload, now) => {
        this.isWelcome = true;
        pump.reply(payload, now);
      },
      settled: (now) => pump.replied(now),
    });
    pump.attach(socket, (event: VehicleEvent) => send(event));
    try {
      await socket.ended;
      throw new DisconnectedError('stopped', 'the vehicle was stopped');
    } catch (error) {
      const reason = error instanceof DisconnectedError ? error.reason : 'other';
      const isEarly = !this.isWelcome && clock.monotonic() - openedAt < UNWANTED_MS;
      if (isEarly && UNWANTED.has(reason)) {
        const words = (error as Error).message;
        throw this.refused(new RefusedError(explainDrop(deps.target.text, deps.credentials.vin, words)));
      }
      this.isWelcome = true;
      if (reason !== 'stopped') statistics.disconnect(reason);
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      pump.detach();
    }
  }

  /** Closes a connection that the chart came to its end with before it streamed. */
  close(): void {
    this.socket?.close();
  }

  private keep(socket: VehicleSocket): void {
    this.socket = socket;
    const forget = (): void => {
      if (this.socket === socket) this.socket = undefined;
    };
    socket.ended.then(forget, forget);
  }

  private refused(error: unknown): unknown {
    this.failures += 1;
    if (error instanceof RefusedError) this.deps.onRefused(error);
    return error;
  }
}

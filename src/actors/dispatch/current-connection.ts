import type { FleetchartError } from '../../runtime/errors.js';
import type { Delivery } from './dispatcher.js';
import { notConnected } from './errors.js';

/** A connection that is used once: lost, it is thrown away with all that it may still hold. */
interface Connection {
  readonly isUp: boolean;
  /** Calls back at once if it is lost already. */
  onLost(callback: (error: FleetchartError) => void): unknown;
  end(deadlineMs: number): Promise<void>;
  /** Ends it hard. */
  drop(): void;
}

/** The connection that a dispatcher has at the moment, if any, and those who are told when it is lost. */
export class CurrentConnection<C extends Connection> {
  private connection: C | undefined;
  private readonly lostListeners = new Set<(error: FleetchartError) => void>();

  /** Opens another one, after the one there was is given up. */
  async replace(open: () => Promise<C>): Promise<void> {
    this.connection?.drop();
    this.connection = undefined;
    const connection = await open();
    this.connection = connection;
    connection.onLost((error) => {
      if (this.forget(connection)) for (const callback of [...this.lostListeners]) callback(error);
    });
  }

  /** Delivers over it. It is given up after a failure: what it held goes out again over the next one. */
  async deliver(work: (connection: C) => Promise<Delivery>): Promise<Delivery> {
    const { connection } = this;
    if (!connection?.isUp) return notConnected();
    const delivery = await work(connection);
    if (delivery.failure) {
      this.forget(connection);
      connection.drop();
    }
    return delivery;
  }

  async end(deadlineMs: number): Promise<void> {
    const { connection } = this;
    this.connection = undefined;
    await connection?.end(deadlineMs);
  }

  /** Returns how to stop listening. */
  onLost(callback: (error: FleetchartError) => void): () => void {
    this.lostListeners.add(callback);
    return () => this.lostListeners.delete(callback);
  }

  private forget(connection: C): boolean {
    if (this.connection !== connection) return false;
    this.connection = undefined;
    return true;
  }
}

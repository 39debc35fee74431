import type { ConnectFailure } from './connect-failure.js';
import { SimulationError } from './errors.js';

/** A connection that did not come about. */
export class RefusedError extends SimulationError {
  constructor(readonly failure: ConnectFailure) {
    super('SIMULATION_REFUSED', failure.check, failure.whatToDo);
  }

  get reason(): string {
    return this.failure.reason;
  }
}

/** A connection that ended. */
export class DisconnectedError extends SimulationError {
  constructor(
    /** `closed_1001` for a close frame, else a word of its own. */
    readonly reason: string,
    message: string,
  ) {
    super('SIMULATION_DISCONNECTED', message);
  }
}

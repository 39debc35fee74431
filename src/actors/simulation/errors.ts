import { FleetchartError } from '../../runtime/index.js';

/** `SIMULATION_*`: a load that cannot be made as asked for. */
export class SimulationError extends FleetchartError {
  constructor(
    override readonly code:
      | 'SIMULATION_OPTION'
      | 'SIMULATION_TARGET'
      | 'SIMULATION_CERTIFICATES'
      | 'SIMULATION_REFUSED'
      | 'SIMULATION_DISCONNECTED',
    message: string,
    /** What to do next, in one sentence. */
    readonly hint?: string,
    options: { cause?: unknown } = {},
  ) {
    super(code, message, options);
  }
}

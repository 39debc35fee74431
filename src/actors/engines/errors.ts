import { FleetchartError } from '../../runtime/index.js';

/** What calls of an engine fail with: `ENGINE_UNAVAILABLE`, `ENGINE_NOT_FOUND`, `ENGINE_CONFLICT`, `ENGINE_UNAUTHORIZED`, `ENGINE_TIMEOUT`, `ENGINE_REFUSED`. */
export class EngineError extends FleetchartError {}

import { FleetchartError } from '../../runtime/index.js';

/** `THINGS_*`: an operation of a twin that cannot be carried out. `message` is what the cloud is told. */
export class ThingsError extends FleetchartError {}

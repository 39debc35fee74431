import { FleetchartError } from '../../runtime/errors.js';

/** `MQTT_*`: a role's connection to its broker. */
export class LinkError extends FleetchartError {}

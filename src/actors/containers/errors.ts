import { FleetchartError } from '../../runtime/index.js';

/** `CONTAINER_*`: what cannot be done with a container, in words for whoever asked. */
export class ContainerError extends FleetchartError {}

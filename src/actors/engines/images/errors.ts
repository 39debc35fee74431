import { FleetchartError } from '../../../runtime/index.js';

/** `IMAGE_*`: an image that may not be used here, or what is needed for images is not in order. */
export class ImageError extends FleetchartError {}

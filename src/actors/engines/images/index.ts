export { ImageError } from './errors.js';
export {
  createImages,
  type Decryption,
  type ImageSettings,
  type Images,
  type ImagesOptions,
  type PullError,
} from './images.js';
export type { Registries, Registry } from './registries.js';
export { readRegistries, writeRegistries } from './registry-file.js';

export { ImageError } from './errors.js';
export {
  createImages,
  type Decryption,
  type ImageSettings,
  type Images,
  type ImagesOptions,
  type PullError,
} from './images.js';
export { pullRequestOf, type Registries, type Registry } from './registries.js';
export { readRegistries } from './registry-file.js';

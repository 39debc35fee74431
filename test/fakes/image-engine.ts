import type { Engine, EngineImage, PullRequest } from '../../src/actors/engines/engine.js';
import { EngineError } from '../../src/actors/engines/errors.js';
import { imageParts } from '../../src/protocols/containers/index.js';

export const DIGEST = `sha256:${'a'.repeat(64)}`;

/** What an image is to the engine: its digest is that of its reference, else always the same. */
export const imageOf = (reference: string): EngineImage => ({
  id: DIGEST,
  tags: [reference],
  digests: [`${reference.split('@')[0]}@${imageParts(reference).digest ?? DIGEST}`],
  sizeBytes: 1,
});

/** The images of an engine, and pulls that fail as the test says. */
export class ImageEngine {
  readonly present = new Map<string, EngineImage>();
  readonly pulls: PullRequest[] = [];
  readonly removals: string[] = [];
  readonly inUse = new Set<string>();
  /** Removing them fails. */
  readonly stuck = new Set<string>();
  /** The outcome of the next pulls; afterwards all work. */
  readonly failures: Array<EngineError | 'hangs'> = [];
  isLost = false;

  readonly engine = {
    kind: 'engine-api',
    image: async (reference: string) => this.present.get(reference),
    pull: (request: PullRequest, _onProgress: unknown, signal: AbortSignal) => this.pull(request, signal),
    removeImage: async (reference: string) => {
      if (this.isLost) throw new EngineError('ENGINE_UNAVAILABLE', 'gone', { retryable: true });
      this.removals.push(reference);
      if (this.stuck.has(reference)) throw new EngineError('ENGINE_REFUSED', 'the image is mounted');
      if (this.inUse.has(reference)) return false;
      this.present.delete(reference);
      return true;
    },
  } as unknown as Engine;

  private async pull(request: PullRequest, signal: AbortSignal): Promise<EngineImage> {
    this.pulls.push(request);
    const failure = this.failures.shift();
    if (failure === 'hangs') {
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    }
    if (failure instanceof EngineError) throw failure;
    const image = imageOf(request.image);
    this.present.set(request.image, image);
    return image;
  }
}

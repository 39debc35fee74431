import { registryKey } from '../../../protocols/containers/index.js';
import type { Clock } from '../../../runtime/index.js';
import type { EngineImage, PullRequest } from '../engine.js';
import { EngineError } from '../errors.js';
import { type InspectedImage, imageView } from './container-view.js';
import { callFailure, pullFailure, statusOf } from './failures.js';
import { isInsecureAllowed, type RegistryConfig } from './insecure.js';
import { jsonLines } from './json-lines.js';
import { type PullItem, PullProgress } from './pull-progress.js';
import { checkedReference, nameAndTag } from './references.js';
import type { EngineRequest, EngineSocket } from './socket.js';

export interface ImageCallsOptions {
  readonly socket: EngineSocket;
  readonly clock: Clock;
  readonly isPodman: (signal: AbortSignal) => Promise<boolean>;
  /** For one image (ENG-4), milliseconds. */
  readonly pullMs: number;
}

/** Of images, what an engine is asked for. */
export class ImageCalls {
  constructor(private readonly options: ImageCallsOptions) {}

  async find(reference: string, signal: AbortSignal): Promise<EngineImage | undefined> {
    try {
      const path = `/images/${checkedReference(reference)}/json`;
      return imageView((await this.options.socket.json({ method: 'GET', path }, signal)) as InspectedImage);
    } catch (error) {
      if ((error as EngineError).code === 'ENGINE_NOT_FOUND') return undefined;
      throw error;
    }
  }

  async list(signal: AbortSignal): Promise<readonly EngineImage[]> {
    const images = await this.options.socket.json({ method: 'GET', path: '/images/json' }, signal);
    return (images as InspectedImage[]).map(imageView);
  }

  /** In use: false (POD-25). Gone: removed. */
  async remove(reference: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.options.socket.json({ method: 'DELETE', path: `/images/${checkedReference(reference)}` }, signal);
      return true;
    } catch (error) {
      const { code } = error as EngineError;
      if (code === 'ENGINE_NOT_FOUND') return true;
      if (code === 'ENGINE_CONFLICT') return false;
      throw error;
    }
  }

  /** Silence is no sign of a stall (ENG-4): a pull ends with its answer, its deadline or its signal, which cancels it. */
  async pull(request: PullRequest, onProgress: (percent: number) => void, signal: AbortSignal): Promise<EngineImage> {
    const { clock, pullMs } = this.options;
    const call = await this.pullCall(request, signal);
    const ended = new AbortController();
    const giveUp = (): void => ended.abort(new EngineError('ENGINE_TIMEOUT', 'given up', { cause: signal.reason }));
    const late = `the image ${request.image} did not come within ${pullMs / 1_000} s`;
    const timer = clock.setTimeout(() => ended.abort(new EngineError('ENGINE_TIMEOUT', late)), pullMs);
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await this.follow(call, onProgress, ended.signal);
    } catch (error) {
      throw ended.signal.aborted ? ended.signal.reason : error;
    } finally {
      clock.clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
    }
    const image = await this.find(request.image, signal);
    if (image) return image;
    throw new EngineError('ENGINE_REFUSED', `${request.image}: it was pulled, and the engine does not have it`);
  }

  /** Failures come as items of a stream that began well (POD-1), or before it. */
  private async follow(call: EngineRequest, onProgress: (percent: number) => void, signal: AbortSignal): Promise<void> {
    let stream: Awaited<ReturnType<EngineSocket['stream']>>;
    try {
      stream = await this.options.socket.stream({ ...call, timeoutMs: this.options.pullMs }, signal);
    } catch (error) {
      const answered = error instanceof EngineError && statusOf(error.cause) !== undefined;
      throw answered ? pullFailure(error.message) : error;
    }
    const progress = new PullProgress();
    let failure: string | undefined;
    try {
      for await (const item of jsonLines(stream)) {
        const { error } = item as PullItem;
        if (typeof error === 'string' && error !== '') failure ??= error;
        const percent = progress.take(item);
        if (percent !== undefined) onProgress(percent);
      }
    } catch (error) {
      throw callFailure(error);
    } finally {
      stream.destroy();
    }
    if (failure !== undefined) throw pullFailure(failure);
  }

  private async pullCall(
    { image, credentials, insecure = false }: PullRequest,
    signal: AbortSignal,
  ): Promise<EngineRequest> {
    const reference = checkedReference(image);
    const registry = registryKey(reference);
    const registryAuth = credentials && { registryAuth: authHeader(registry, credentials) };
    if (insecure && (await this.options.isPodman(signal))) {
      const query = { reference, tlsVerify: false };
      return { method: 'POST', path: '/v4.3.0/libpod/images/pull', query, ...registryAuth };
    }
    if (insecure) await this.checkInsecure(registry, signal);
    const { name, tag } = nameAndTag(reference);
    return { method: 'POST', path: '/images/create', query: { fromImage: name, tag }, ...registryAuth };
  }

  /** Docker decides by its own configuration, not by the call (REG-3). */
  private async checkInsecure(registry: string, signal: AbortSignal): Promise<void> {
    const info = (await this.options.socket.json({ method: 'GET', path: '/info' }, signal)) as {
      readonly RegistryConfig?: RegistryConfig;
    };
    if (isInsecureAllowed(registry, info.RegistryConfig)) return;
    const message = `Docker uses the registry ${registry} with verified TLS only: add it to "insecure-registries" in the configuration of its daemon`;
    throw new EngineError('ENGINE_REFUSED', message);
  }
}

/** Base64 in URL form, padded: engines take no other. */
function authHeader(registry: string, { user, password }: NonNullable<PullRequest['credentials']>): string {
  const text = JSON.stringify({ username: user, password, serveraddress: registry });
  return Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

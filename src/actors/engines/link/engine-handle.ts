import type { Clock } from '../../../runtime/index.js';
import type { ContainerSpec, Engine, EngineEvent, EngineKind, Limits, LogLine, PullRequest } from '../engine.js';
import { EngineError } from '../errors.js';
import type { EngineLinkMetrics } from './link-metrics.js';

/** The engine that a link has chosen, for all who use it; its calls are counted. Until there is one they fail. */
export class EngineHandle implements Engine {
  constructor(
    private readonly chosen: () => Engine | undefined,
    private readonly metrics: EngineLinkMetrics,
    private readonly clock: Pick<Clock, 'monotonic'>,
  ) {}

  /** Until there is one, what it will most likely be. */
  get kind(): EngineKind {
    return this.chosen()?.kind ?? 'engine-api';
  }

  info(signal: AbortSignal) {
    return this.call('info', (engine) => engine.info(signal));
  }

  image(reference: string, signal: AbortSignal) {
    return this.call('image', (engine) => engine.image(reference, signal));
  }

  images(signal: AbortSignal) {
    return this.call('images', (engine) => engine.images(signal));
  }

  pull(request: PullRequest, onProgress: (percent: number) => void, signal: AbortSignal) {
    return this.call('pull', (engine) => engine.pull(request, onProgress, signal));
  }

  removeImage(reference: string, signal: AbortSignal) {
    return this.call('removeImage', (engine) => engine.removeImage(reference, signal));
  }

  create(spec: ContainerSpec, signal: AbortSignal) {
    return this.call('create', (engine) => engine.create(spec, signal));
  }

  start(id: string, signal: AbortSignal) {
    return this.call('start', (engine) => engine.start(id, signal));
  }

  stop(id: string, timeoutS: number, signal: AbortSignal) {
    return this.call('stop', (engine) => engine.stop(id, timeoutS, signal));
  }

  kill(id: string, name: string, signal: AbortSignal) {
    return this.call('kill', (engine) => engine.kill(id, name, signal));
  }

  pause(id: string, signal: AbortSignal) {
    return this.call('pause', (engine) => engine.pause(id, signal));
  }

  resume(id: string, signal: AbortSignal) {
    return this.call('resume', (engine) => engine.resume(id, signal));
  }

  rename(id: string, name: string, signal: AbortSignal) {
    return this.call('rename', (engine) => engine.rename(id, name, signal));
  }

  remove(id: string, signal: AbortSignal) {
    return this.call('remove', (engine) => engine.remove(id, signal));
  }

  updateLimits(id: string, limits: Limits, signal: AbortSignal) {
    return this.call('updateLimits', (engine) => engine.updateLimits(id, limits, signal));
  }

  inspect(id: string, signal: AbortSignal) {
    return this.call('inspect', (engine) => engine.inspect(id, signal));
  }

  list(owner: string | undefined, signal: AbortSignal) {
    return this.call('list', (engine) => engine.list(owner, signal));
  }

  isNameTaken(name: string, signal: AbortSignal) {
    return this.call('isNameTaken', (engine) => engine.isNameTaken(name, signal));
  }

  stats(id: string, signal: AbortSignal) {
    return this.call('stats', (engine) => engine.stats(id, signal));
  }

  bridgeGateway(signal: AbortSignal) {
    return this.call('bridgeGateway', (engine) => engine.bridgeGateway(signal));
  }

  async *logs(
    id: string,
    options: { readonly tail: number; readonly follow: boolean },
    signal: AbortSignal,
  ): AsyncGenerator<LogLine> {
    try {
      yield* this.engine().logs(id, options, signal);
      this.metrics.called('logs', 'ok');
    } catch (error) {
      this.metrics.called('logs', resultOf(error));
      throw error;
    }
  }

  /** Of the link alone, which counts what comes. */
  async events(onEvent: (event: EngineEvent) => void, onReady: () => void, signal: AbortSignal): Promise<void> {
    await this.engine().events(onEvent, onReady, signal);
  }

  private engine(): Engine {
    const engine = this.chosen();
    if (engine) return engine;
    throw new EngineError('ENGINE_UNAVAILABLE', 'no container engine has answered yet', { retryable: true });
  }

  private async call<T>(name: string, run: (engine: Engine) => Promise<T>): Promise<T> {
    const begun = this.clock.monotonic();
    const seconds = (): number => (this.clock.monotonic() - begun) / 1_000;
    try {
      const answer = await run(this.engine());
      this.metrics.called(name, 'ok', seconds());
      return answer;
    } catch (error) {
      this.metrics.called(name, resultOf(error), seconds());
      throw error;
    }
  }
}

const resultOf = (error: unknown): string => (error instanceof EngineError ? error.code : 'other');

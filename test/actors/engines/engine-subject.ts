import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { ContainerSpec, Engine, EngineImage, EngineStatus } from '../../../src/actors/engines/engine.js';
import { EngineError } from '../../../src/actors/engines/errors.js';
import { containerSpec } from '../../fakes/container-spec.js';

/** An engine with images that the suite knows how to expect things of. Tests leave the images where they are. */
export interface EngineHarness {
  readonly engine: Engine;
  readonly images: {
    /** Writes the line `started` to its output and runs until it gets SIGTERM, on which it ends soon. */
    readonly good: string;
    /** Another one that is pulled as well; no container of it is left when its test ends. */
    readonly other: string;
    /** Its start fails. */
    readonly bad: string;
    /** Exits with 3 soon after its start. */
    readonly crash: string;
    /** Cannot be pulled: there is no such image. */
    readonly missing: string;
  };
  readonly supports: {
    /** `cmd` is run, `/bin/sh -c …` above all. */
    readonly commands: boolean;
    /** Running ones have a pid, and samples that count something. */
    readonly processes: boolean;
    /** Limits of memory are taken. */
    readonly limits: boolean;
  };
  /** Lets time pass for an engine that has a clock of its own; called between two looks. */
  tick?(): Promise<void>;
  close(): Promise<void>;
}

const DEADLINE_MS = 60_000;

/** The engine under test, the containers of one test, and what waits for them. */
export class Subject {
  readonly owner = `suite-${randomUUID().slice(0, 8)}`;
  readonly engine: Engine;
  readonly images: EngineHarness['images'];
  readonly supports: EngineHarness['supports'];
  readonly signal = AbortSignal.timeout(DEADLINE_MS);
  private readonly made: string[] = [];

  constructor(
    private readonly harness: EngineHarness,
    private readonly context: TestContext,
  ) {
    this.engine = harness.engine;
    this.images = harness.images;
    this.supports = harness.supports;
  }

  skip(reason: string): void {
    this.context.skip(reason);
  }

  spec(image: string, overrides: Partial<ContainerSpec> = {}): ContainerSpec {
    return containerSpec({ image, owner: this.owner, ...overrides });
  }

  async create(image: string, overrides: Partial<ContainerSpec> = {}): Promise<string> {
    return this.createFrom(this.spec(image, overrides));
  }

  /** Pulled first if need be. */
  async createFrom(spec: ContainerSpec): Promise<string> {
    if (!(await this.engine.image(spec.image, this.signal))) {
      await this.pull(spec.image);
    }
    this.made.push(spec.id);
    await this.engine.create(spec, this.signal);
    return spec.id;
  }

  /** One whose `started` is out: whatever it does about signals, it does now. */
  async running(image: string): Promise<string> {
    const id = await this.create(image);
    await this.engine.start(id, this.signal);
    await this.becomes(id, 'running');
    await this.until(
      async () => (await linesOf(this.engine, id, 1, this.signal)).includes('stdout started'),
      'its first line',
    );
    return id;
  }

  becomes(id: string, status: EngineStatus): Promise<void> {
    return this.until(async () => (await this.engine.inspect(id, this.signal))?.status === status, `it is ${status}`);
  }

  async nameOf(id: string): Promise<string> {
    return (await this.engine.inspect(id, this.signal))?.name ?? '';
  }

  async until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const end = performance.now() + DEADLINE_MS;
    while (!(await condition())) {
      assert.ok(performance.now() < end, `not within ${DEADLINE_MS} ms: ${what}`);
      await this.harness.tick?.();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async clear(): Promise<void> {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    for (const id of this.made) await this.engine.remove(id, signal);
  }

  /** Lets time pass until it is there. */
  async pull(image: string, onProgress: (percent: number) => void = () => {}): Promise<EngineImage> {
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    const pulled = this.engine.pull({ image }, onProgress, this.signal);
    pulled.then(over, over);
    await this.until(() => isOver, 'the end of the pull');
    return pulled;
  }
}

export async function linesOf(engine: Engine, id: string, tail: number, signal: AbortSignal): Promise<string[]> {
  const lines: string[] = [];
  for await (const { stream, text } of engine.logs(id, { tail, follow: false }, signal))
    lines.push(`${stream} ${text}`);
  return lines;
}

export async function failure(work: Promise<unknown>): Promise<EngineError> {
  const error = await work.then(
    () => assert.fail('it should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof EngineError, String(error));
  return error;
}

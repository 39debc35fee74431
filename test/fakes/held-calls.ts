import assert from 'node:assert/strict';
import { fromPromise, type PromiseActorLogic } from 'xstate';

/** One start of an effect. */
export interface HeldCall {
  readonly name: string;
  readonly input: unknown;
  readonly signal: AbortSignal;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Lets all that is due on the loop happen. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Effects for a chart under test: each start is recorded, and ends as the test says. */
export class HeldCalls {
  readonly calls: HeldCall[] = [];

  effect<Output, Input = unknown>(name: string): PromiseActorLogic<Output, Input> {
    return fromPromise<Output, Input>(
      ({ input, signal }) =>
        new Promise<Output>((resolve, reject) => {
          this.calls.push({ name, input, signal, resolve: (output) => resolve(output as Output), reject });
        }),
    );
  }

  /** How often an effect was started. */
  count(name: string): number {
    return this.calls.filter((call) => call.name === name).length;
  }

  last(name: string): HeldCall {
    const call = this.calls.filter((each) => each.name === name).at(-1);
    assert.ok(call, `no ${name} was invoked`);
    return call;
  }

  async succeed(name: string, output?: unknown): Promise<void> {
    this.last(name).resolve(output);
    await turn();
  }

  async fail(name: string, error: Error): Promise<void> {
    this.last(name).reject(error);
    await turn();
  }
}

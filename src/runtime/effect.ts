import {
  type AnyActorRef,
  type CallbackActorLogic,
  type EventObject,
  fromCallback,
  fromPromise,
  type PromiseActorLogic,
} from 'xstate';

/** What an invoked effect gets. */
export interface EffectArguments<Input> {
  readonly input: Input;
  /** The same in a repetition after a restart (DUR-13): find by it what was done already. */
  readonly key: string;
  /** Aborted when the state that invoked it is left. */
  readonly signal: AbortSignal;
  /** Sends the machine an event on the way (progress, say). */
  readonly send: (event: EventObject) => void;
}

/**
 * Long work that a machine invokes by name and that ends with an output. It starts only after the turn that asked for
 * it, for `durable` types after the flush (DUR-14), and starts again with the same input and key after a restart: it
 * must find what it already did.
 */
export function effect<Output, Input = unknown>(
  run: (args: EffectArguments<Input>) => Promise<Output>,
): PromiseActorLogic<Output, Input> {
  return fromPromise<Output, Input>(({ input, self, signal }) =>
    run({ input, signal, key: keyOf(self), send: toParent(self) }),
  );
}

/** Work without an end: a socket, a subscription. `run` returns how to stop it. */
export function subscription<Input = unknown, Received extends EventObject = EventObject>(
  run: (
    args: Omit<EffectArguments<Input>, 'signal'> & { receive: (listener: (event: Received) => void) => void },
  ) => () => void,
): CallbackActorLogic<Received, Input> {
  return fromCallback<Received, Input>(({ input, self, sendBack, receive }) =>
    run({ input, key: keyOf(self), send: sendBack, receive }),
  );
}

/** The runtime puts the key into the child's own snapshot, with which it is stored (R26). */
const keyOf = (self: AnyActorRef): string => (self.getSnapshot() as { effectKey?: string }).effectKey ?? '';

/** Once the state that invoked it is left, the machine hears no more of an effect. */
const toParent = (self: AnyActorRef) => (event: EventObject) => {
  if ((self.getSnapshot() as { status: string }).status === 'active') self._parent?.send(event);
};

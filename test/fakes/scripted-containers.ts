/** Containers that do as a test says: actors of type `container` over a script instead of an engine. */
import { assign, type EventObject, enqueueActions, fromPromise, setup } from 'xstate';
import type { KnownContainers } from '../../src/actors/container-update/index.js';
import {
  type ContainerCommand,
  type ContainerFacts,
  type ContainerInput,
  type ContainerReply,
  containerAddress,
} from '../../src/actors/containers/events.js';
import {
  type ContainerConfig,
  type ContainerDraft,
  completeConfig,
  NEW_STATE,
} from '../../src/protocols/containers/index.js';
import type { ActorType } from '../../src/runtime/actor-type.js';
import { type EffectArguments, effect } from '../../src/runtime/effect.js';
import type { ActorSystem } from '../../src/runtime/system.js';

interface Context extends ContainerFacts {
  readonly asked: ContainerCommand | null;
}

interface Carried {
  readonly reply: ContainerReply;
  readonly facts?: Partial<ContainerFacts>;
  readonly isGone?: boolean;
}

interface CarryInput {
  readonly command: ContainerCommand | null;
  readonly facts: ContainerFacts;
}

const outputOf = (event: object): Carried => (event as { output: Carried }).output;
const COMMANDS = ['CREATE', 'START', 'STOP', 'PAUSE', 'RESUME', 'RENAME', 'UPDATE', 'REMOVE', 'ROLE'] as const;

const idOf = (address: string): string => address.slice('container/'.length);

export function configOf(name: string, image: string, more: Partial<ContainerDraft> = {}): ContainerConfig {
  const config = completeConfig({ name, image, ...more });
  if (!config.ok) throw new Error(config.error.detail);
  return config.value;
}

/** A script for containers; what it says of the present outlives the process, as an engine does. */
export class ScriptedContainers implements KnownContainers {
  /** `START map:2`, in order: the command with the image of whom it was for, and what of it matters. */
  readonly calls: string[] = [];
  /** Text of the failure of a call, if it is to fail. */
  readonly failures = new Map<string, string>();
  /** Told of each change, as the address of a watcher is. */
  watcher: string | undefined;
  /** Instead of an answer, nothing. */
  isListable = true;
  /** The engine is lost: how they are is unknown. */
  isLost = false;
  private system: ActorSystem | undefined;
  private count = 0;
  private readonly held = new Map<string, (() => void) | undefined>();

  readonly type: ActorType = {
    name: 'container',
    version: 1,
    durability: 'durable',
    eager: true,
    idleAfterMs: 'never',
    machine: this.machine(),
    defer: (snapshot, { type }) =>
      (snapshot.value as string) === 'working' && (COMMANDS as readonly string[]).includes(type),
  };

  attach(system: ActorSystem): void {
    this.system = system;
  }

  /** One that is there before anything is asked for. */
  async have(name: string, image: string, more: Partial<ContainerDraft> = {}, isRunning = true): Promise<string> {
    const id = `id-of-${image.replace(/[^a-z0-9]/g, '-')}`;
    const system = this.there;
    system.spawn(containerAddress(id), { config: configOf(name, image, more), role: 'current', activity: '' });
    await system.ask(containerAddress(id), { type: 'CREATE' }, 60_000);
    if (isRunning) await system.ask(containerAddress(id), { type: 'START' }, 60_000);
    await system.settled();
    this.calls.length = 0;
    return id;
  }

  /** Has a container do something that nobody of the update asked for. */
  async tell(id: string, command: ContainerCommand): Promise<void> {
    await this.there.ask(containerAddress(id), command, 60_000);
    await this.there.settled();
    this.calls.length = 0;
  }

  /** Calls of that name wait until {@link release}. */
  hold(call: string): void {
    this.held.set(call, undefined);
  }

  release(call: string): void {
    const go = this.held.get(call);
    this.held.delete(call);
    go?.();
  }

  /** How far the image of a container is that is asked to be made. */
  async fetched(image: string, percent: number): Promise<void> {
    const facts = this.all().find(({ config }) => config.image === image);
    await this.there.tellStored(containerAddress(facts?.id ?? ''), { type: 'PROGRESS', percent } as EventObject);
    await this.there.settled();
  }

  isHeld(call: string): boolean {
    return this.held.get(call) !== undefined;
  }

  all(): readonly ContainerFacts[] {
    if (!this.isListable) throw new Error('the containers cannot be listed');
    const found = [...this.there.addresses('container')].flatMap((address) => this.find(idOf(address)) ?? []);
    return found.sort((one, other) => (one.created < other.created ? -1 : 1));
  }

  present(): readonly ContainerFacts[] {
    return this.all().filter(({ role, created }) => role === 'current' && created !== '');
  }

  find(id: string): ContainerFacts | undefined {
    const snapshot = this.there.peek(containerAddress(id));
    if (snapshot?.status !== 'active') return undefined;
    const facts = snapshot.context as Context;
    return this.isLost && facts.created !== '' ? { ...facts, state: { ...facts.state, status: 'Unknown' } } : facts;
  }

  /** `map:1 current Running`, sorted. */
  standing(): string[] {
    return this.all()
      .map(({ config, role, state, created }) => `${config.image} ${role} ${created === '' ? 'planned' : state.status}`)
      .sort();
  }

  private get there(): ActorSystem {
    if (!this.system) throw new Error('no system is attached');
    return this.system;
  }

  private async carry({ input: { command, facts }, signal }: EffectArguments<CarryInput>): Promise<Carried> {
    if (!command) return { reply: { ok: true } };
    const call = nameOf(command, facts);
    this.calls.push(call);
    if (this.held.has(call)) {
      await new Promise<void>((resolve, reject) => {
        this.held.set(call, resolve);
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    }
    const failure = this.failures.get(call);
    if (failure !== undefined) return { reply: { ok: false, error: failure } };
    const problem = problemOf(command, facts);
    if (problem !== undefined) return { reply: { ok: false, error: problem } };
    return { reply: { ok: true }, facts: this.changeOf(command, facts), isGone: command.type === 'REMOVE' };
  }

  private changeOf(command: ContainerCommand, { state, created, config }: ContainerFacts): Partial<ContainerFacts> {
    switch (command.type) {
      case 'CREATE': {
        if (created !== '') return {};
        const at = new Date(Date.UTC(2026, 0, 1) + ++this.count).toISOString();
        return { created: at, state: { ...state, status: 'Created' } };
      }
      case 'START':
        return { state: { ...state, status: 'Running', pid: 7 }, startedBefore: true, manuallyStopped: false };
      case 'STOP':
        return state.status === 'Running' || state.status === 'Paused'
          ? { state: { ...state, status: 'Stopped', pid: -1 }, manuallyStopped: true }
          : {};
      case 'PAUSE':
        return { state: { ...state, status: 'Paused' } };
      case 'RESUME':
        return { state: { ...state, status: 'Running' } };
      case 'ROLE':
        return { role: command.role };
      case 'UPDATE': {
        const { resources = config.resources, restartPolicy = config.restartPolicy } = command;
        return { config: { ...config, resources, restartPolicy } };
      }
      default:
        return {};
    }
  }

  private machine(): ActorType['machine'] {
    const scripted = setup({
      types: {} as { context: Context; events: EventObject; input: ContainerInput & { address: string } },
      actors: { carry: fromPromise<Carried, CarryInput>(() => Promise.reject(new Error('not provided'))) },
      guards: { isGone: ({ event }) => outputOf(event).isGone === true },
      actions: {
        take: assign(({ event }) => ({ asked: event as ContainerCommand })),
        note: assign(({ event }) => ({ percent: (event as EventObject & { percent: number }).percent })),
        answer: enqueueActions(({ context, event, enqueue }) => {
          const { reply, facts = {}, isGone } = outputOf(event);
          const replyTo = context.asked?.replyTo;
          enqueue.assign({ ...facts, asked: null });
          if (replyTo !== undefined) enqueue.emit({ type: 'reply', to: replyTo, value: reply } as never);
          const isChanged = isGone || JSON.stringify(facts.state ?? context.state) !== JSON.stringify(context.state);
          if (!isChanged || this.watcher === undefined) return;
          const role = facts.role ?? context.role;
          const changed = {
            type: 'CONTAINER.CHANGED',
            id: context.id,
            name: context.config.name,
            role,
            change: 'updated',
          };
          enqueue.emit({ type: 'tell', to: this.watcher, event: changed } as never);
        }),
      },
    }).createMachine({
      id: 'container',
      context: ({ input: { address, config, role, activity } }) => ({
        id: idOf(address),
        config,
        role,
        activity,
        state: NEW_STATE,
        created: '',
        restartCount: 0,
        manuallyStopped: false,
        startedBefore: false,
        restartAt: null,
        lastError: '',
        asked: null,
      }),
      initial: 'resting',
      states: {
        resting: { on: Object.fromEntries(COMMANDS.map((type) => [type, { target: 'working', actions: 'take' }])) },
        working: {
          on: { PROGRESS: { actions: 'note' } },
          invoke: {
            src: 'carry',
            input: ({ context: { asked, ...facts } }) => ({ command: asked, facts }),
            onDone: [
              { guard: 'isGone', target: 'gone', actions: 'answer' },
              { target: 'resting', actions: 'answer' },
            ],
            onError: 'resting',
          },
        },
        gone: { type: 'final' },
      },
    });
    return scripted.provide({ actors: { carry: effect((args: EffectArguments<CarryInput>) => this.carry(args)) } });
  }
}

function nameOf(command: ContainerCommand, { config }: ContainerFacts): string {
  const more =
    command.type === 'ROLE' ? ` ${command.role}` : command.type === 'UPDATE' ? ` ${command.resources?.memory}` : '';
  return `${command.type} ${config.image}${more}`;
}

/** As CTR §B.3 has it. */
function problemOf(command: ContainerCommand, { id, created, state: { status } }: ContainerFacts): string | undefined {
  if (command.type === 'CREATE' || command.type === 'ROLE' || command.type === 'REMOVE') return undefined;
  if (created === '') return `container with id = ${id} does not exist`;
  if (command.type === 'START' && status === 'Running') return command.ensure ? undefined : `${id} is already running`;
  if (command.type === 'START' && status === 'Paused') return `container ${id} is paused`;
  if (command.type === 'RESUME' && status !== 'Paused' && !(command.ensure && status === 'Running'))
    return `container id = ${id} is not paused`;
  return undefined;
}

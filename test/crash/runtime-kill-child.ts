// Runs durable actors that send each other messages, write to the outside and work, until it is killed or kills itself
// at a fault point. `DIRECTORY RUN SEED POINT|random|finish`: prints `up`, `ack ACTOR ID` when a sender is told that its
// message is safe, `fault TEXT` for what is wrong at the start, and at `finish` all books as JSON.
import { appendFileSync, closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { type AnyStateMachine, assign, type EventObject, setup } from 'xstate';
import type { ActorType } from '../../src/runtime/actor-type.js';
import { effect } from '../../src/runtime/effect.js';
import { seededIds } from '../../src/runtime/ids.js';
import { ActorSystem } from '../../src/runtime/system.js';
import { type LedgerContext, type LedgerEvent, ledgerEvent, ledgerType } from '../fakes/ledger.js';
import {
  type FaultPoint,
  JOBS_FILE,
  LEDGERS,
  MOST_OCCURRENCES,
  NOTES_FILE,
  WORKER,
  type WorkerContext,
} from './runtime-kill-setup.js';

const [directory = '', run = '', seed = '', point = ''] = process.argv.slice(2);
const random = seededIds(seed);
const upTo = (limit: number): number => Math.floor(random.uniform() * limit);
const say = (line: string): void => void writeSync(1, `${line}\n`);

/** Ends the process at the fault point that it was started for, at one of its first occurrences. */
let left = 1 + upTo(MOST_OCCURRENCES[point as FaultPoint] ?? 20);
const here = (name: FaultPoint): void => {
  if (name === point && --left === 0) process.kill(process.pid, 'SIGKILL');
};

/** A receiver outside: what it has written is there after any crash of the process. */
function writeOutside(file: string, line: string): void {
  const path = join(directory, file);
  appendFileSync(path, `${line}\n`);
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

function isWritten(file: string, beginning: string): boolean {
  try {
    return readFileSync(join(directory, file), 'utf8')
      .split('\n')
      .some((line) => line.startsWith(beginning));
  } catch {
    return false;
  }
}

const note: NonNullable<ActorType['outputs']>[string] = async (output, { id }) => {
  here('outbox-before');
  await turn();
  writeOutside(NOTES_FILE, `${id} ${(output as EventObject & { value: string }).value}`);
  here('outbox-after');
  await turn();
};

const worker = setup({
  types: { context: {} as WorkerContext & { job: string }, events: {} as { type: 'JOB'; id: string } },
  actors: {
    work: effect<void, string>(async ({ input, key }) => {
      await turn();
      if (!isWritten(JOBS_FILE, `${key} `)) writeOutside(JOBS_FILE, `${key} ${input}`);
      here('effect-after');
      await turn();
    }),
  },
}).createMachine({
  id: 'worker',
  context: { done: [], job: '' },
  initial: 'idle',
  states: {
    idle: { on: { JOB: { target: 'working', actions: assign({ job: ({ event }) => event.id }) } } },
    working: {
      invoke: {
        src: 'work',
        input: ({ context }) => context.job,
        onDone: { target: 'idle', actions: assign({ done: ({ context }) => [...context.done, context.job] }) },
        onError: 'idle',
      },
    },
  },
}) as unknown as AnyStateMachine;

const system = new ActorSystem({ directory });
system.register(ledgerType(note, { mailbox: { capacity: Number(run) % 2 === 0 ? 1_000 : 3 } }));
system.register({
  name: 'worker',
  version: 1,
  machine: worker,
  durability: 'durable',
  startOnTell: true,
  mailbox: { capacity: 50 },
  defer: ({ value }, { type }) => value === 'working' && type === 'JOB',
});
say('up');
here('boot-open');

const { commit } = system;
const { put, afterFlush } = commit;
commit.put = (table, key, value) => {
  if (table === 'snapshots') here('turn-before-commit');
  put.call(commit, table, key, value);
  if (table === 'snapshots' && point === 'turn-after-commit') queueMicrotask(() => here('turn-after-commit'));
};
commit.afterFlush = (callback) =>
  afterFlush.call(commit, () => {
    here('turn-flushed');
    callback();
    here('turn-released');
  });
system.onLifecycle((_address, change) => here(change === 'woke' ? 'boot-restoring' : 'passivated'));
for (const address of LEDGERS) {
  system.tap(address, {
    started: () => {},
    restored: () => {},
    event: (_address, { type }) => {
      if (type === 'FIRE') here('timer');
    },
    hot: () => {},
    committed: () => {},
  });
  const books = system.peek(address)?.context as LedgerContext | undefined;
  if (books && books.first !== books.second) say(`fault ${address} stands inside a turn`);
}

await system.start();

const books = (): Record<string, unknown> =>
  Object.fromEntries([...LEDGERS, WORKER].map((address) => [address, system.peek(address)?.context]));

if (point === 'finish') {
  const isQuiet = (): boolean => {
    const all = [...LEDGERS, WORKER].map((address) => system.view(address));
    const waits = all.some((view) => view && view.mailbox.depth + view.mailbox.stored > 0);
    const timers = LEDGERS.some((address) => {
      const context = system.peek(address)?.context as LedgerContext | undefined;
      return context && context.timers.length > context.fired.length;
    });
    return !waits && !timers && system.outboxSize === 0 && system.view(WORKER)?.state !== 'working';
  };
  const end = performance.now() + 60_000;
  do await system.settled();
  while (!isQuiet() && performance.now() < end);
  say(`books ${JSON.stringify(books())}`);
  await system.stop();
} else {
  let waiting = 0;
  for (let n = 0; ; n++) {
    const address = LEDGERS[upTo(LEDGERS.length)] ?? LEDGERS[0];
    const kind = upTo(20);
    const hasNote = kind % 3 === 0;
    const id = `${run}-${n}${hasNote ? 'n' : ''}`;
    const to = LEDGERS[upTo(LEDGERS.length)];
    if (kind < 14)
      tell(address, { type: 'OP', id, note: hasNote, ...(kind < 8 && to ? { to } : {}) }, id, kind % 2 === 0);
    else if (kind < 16) tell(address, { type: 'TIMER', id, delayMs: upTo(200) }, id, false);
    else if (kind < 18) tell(WORKER, { type: 'JOB', id }, id, kind === 17);
    else if (kind < 19) tell(address, { type: 'BAD', id }, undefined, false);
    else system.cell(address)?.sleep();
    if (upTo(3) === 0) await turn();
    while (waiting > 20) await turn();
  }
  function tell(
    to: string,
    event: LedgerEvent | { type: 'JOB'; id: string },
    id: string | undefined,
    stored: boolean,
  ): void {
    waiting++;
    const acknowledged = (): void => {
      waiting--;
      if (id !== undefined) say(`ack ${to} ${id}`);
    };
    const message = ledgerEvent(event as LedgerEvent);
    if (stored) system.tellStored(to, message).then(acknowledged, () => waiting--);
    else if (!system.tell(to, message, { acknowledged })) waiting--;
  }
}

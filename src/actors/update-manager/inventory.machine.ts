/**
 * What is there now: the last inventory of each agent, and the reports made of them (spec 4).
 *
 * Invariants
 * - INV-1 Every read ends in one report with its id: when all agents have answered, or have had their time.
 * - INV-2 While a read is under way no other report is made: that of the read covers it (UM-CS-7).
 */
import { assign, enqueueActions, setup } from 'xstate';
import { INITIAL_STATE_ID } from '../../protocols/update-agent/index.js';
import {
  aggregateInventory,
  currentStateGetFor,
  currentStatePublication,
  type Publication,
} from '../../protocols/update-manager/index.js';
import {
  type InventoryContext,
  type InventoryEmitted,
  type InventoryEvent,
  isBoot,
  MOST_READS,
  type Read,
  timeOf,
} from './events.js';

const timerOf = (read: number, domain: string): string => `read.${read}.${domain}`;

/** The report on everything known. */
function reportOf({ settings, known }: InventoryContext, activityId: string, timestamp: number): Publication[] {
  if (!settings) return [];
  const { backend, version, readTimeoutMs } = settings;
  const inventories = Object.keys(readTimeoutMs).flatMap((domain) => {
    const found = known[domain];
    return found ? [{ domain, inventory: found.inventory }] : [];
  });
  const inventory = aggregateInventory({ domain: backend.domain, version }, inventories);
  return currentStatePublication(backend, { activityId, timestamp }, inventory);
}

/** Whether an inventory that came by itself is to be reported (UM-CS-2, UM-CS-3). */
function isSpontaneous({ reads, initialId }: InventoryContext, activityId: string): boolean {
  if (activityId === '') return true;
  const isOwn = activityId === initialId || reads.some((read) => read.activityId === activityId);
  return activityId.startsWith(INITIAL_STATE_ID) && !isOwn;
}

const isStale = ({ known }: InventoryContext, domain: string, timestamp: number): boolean =>
  timestamp < (known[domain]?.timestamp ?? Number.NEGATIVE_INFINITY);

export const inventoryMachine = setup({
  types: {} as {
    context: InventoryContext;
    events: InventoryEvent;
    input: object;
    emitted: InventoryEmitted;
  },
  actions: {
    configure: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'CONFIGURE') return;
      const isKept = (domain: string) => Object.hasOwn(event.settings.readTimeoutMs, domain);
      const known = Object.fromEntries(Object.entries(context.known).filter(([domain]) => isKept(domain)));
      const reads = context.reads.map((read) => ({ ...read, waiting: read.waiting.filter(isKept) }));
      enqueue.assign({ settings: event.settings, known, reads });
    }),
    keep: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'INVENTORY') return;
      const { domain, activityId, timestamp, inventory } = event;
      const known = { ...context.known, [domain]: { timestamp, inventory } };
      const reads = context.reads.map((read) => {
        if (read.activityId !== activityId || !read.waiting.includes(domain)) return read;
        enqueue.cancel(timerOf(read.number, domain));
        return { ...read, waiting: read.waiting.filter((each) => each !== domain) };
      });
      enqueue.assign({ known, reads });
    }),
    warnOfStale: enqueueActions(({ event, enqueue }) => {
      if (event.type !== 'INVENTORY') return;
      const { domain, timestamp } = event;
      enqueue.emit({ type: 'log.warn', message: 'inventory_older_than_known', fields: { domain, timestamp } });
    }),
    begin: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'READ' || !context.settings) return;
      const { type: _, isCached = false, ...request } = event;
      const { activityId } = request;
      const number = context.count + 1;
      const agents = Object.entries(context.settings.readTimeoutMs);
      // An answer to an empty id cannot be told from a spontaneous report (UM-MSG-8).
      const isWaiting = !isCached && activityId !== '' && context.reads.length < MOST_READS;
      const read: Read = {
        activityId,
        ...(request.replyTo === undefined ? {} : { replyTo: request.replyTo }),
        number,
        waiting: isWaiting ? agents.map(([domain]) => domain) : [],
      };
      enqueue.assign({
        count: number,
        reads: [...context.reads, read],
        initialId: activityId.startsWith(INITIAL_STATE_ID) ? activityId : context.initialId,
      });
      if (isCached) return;
      for (const [domain, delay] of agents) {
        enqueue.emit(currentStateGetFor(domain, { activityId, timestamp: timeOf(event) }));
        if (isWaiting)
          enqueue.raise({ type: 'READ_OVER', read: number, domain }, { id: timerOf(number, domain), delay });
      }
    }),
    giveUpOn: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'READ_OVER') return;
      const reads = context.reads.map((read) =>
        read.number === event.read ? { ...read, waiting: read.waiting.filter((each) => each !== event.domain) } : read,
      );
      enqueue.assign({ reads });
    }),
    giveUpOnAll: enqueueActions(({ context, enqueue }) => {
      for (const { number, waiting } of context.reads) {
        for (const domain of waiting) enqueue.cancel(timerOf(number, domain));
      }
      enqueue.assign({ reads: context.reads.map((read) => ({ ...read, waiting: [] })) });
    }),
    /** The clock of an agent may have run ahead: what it says to another process of the manager is heard (UM-CS-1). */
    forgetTimestamps: assign({
      known: ({ context: { known } }) =>
        Object.fromEntries(
          Object.entries(known).map(([domain, { inventory }]) => [domain, { timestamp: null, inventory }]),
        ),
    }),
    /** Agents have their whole time again after a restart of the process (UM-RES-4). */
    waitAnew: enqueueActions(({ context, enqueue }) => {
      for (const { number, waiting } of context.reads) {
        for (const domain of waiting) {
          const id = timerOf(number, domain);
          enqueue.cancel(id);
          const delay = context.settings?.readTimeoutMs[domain] ?? 0;
          enqueue.raise({ type: 'READ_OVER', read: number, domain }, { id, delay });
        }
      }
    }),
    reportReads: enqueueActions(({ context, event, enqueue }) => {
      const isOver = ({ waiting }: Read) => waiting.length === 0;
      for (const { activityId, replyTo } of context.reads.filter(isOver)) {
        for (const publication of reportOf(context, activityId, timeOf(event))) enqueue.emit(publication);
        if (replyTo !== undefined) enqueue.emit({ type: 'then.tell', to: replyTo, event: { type: 'REPORTED' } });
      }
      enqueue.assign({ reads: context.reads.filter((read) => !isOver(read)) });
    }),
    report: enqueueActions(({ context, event, enqueue }) => {
      for (const publication of reportOf(context, '', timeOf(event))) enqueue.emit(publication);
    }),
  },
  guards: {
    isStale: ({ context, event }) => event.type === 'INVENTORY' && isStale(context, event.domain, event.timestamp),
    isReportedAtOnce: ({ context, event }) =>
      event.type === 'INVENTORY' &&
      isSpontaneous(context, event.activityId) &&
      (context.settings?.currentStateDelayMs ?? 0) <= 0,
    isSpontaneous: ({ context, event }) => event.type === 'INVENTORY' && isSpontaneous(context, event.activityId),
    isConfigured: ({ context }) => context.settings !== null,
    isReadOver: ({ context }) => context.reads.some(({ waiting }) => waiting.length === 0),
    isIdle: ({ context }) => context.reads.length === 0,
    isBoot: ({ event }) => isBoot(event),
  },
  delays: {
    currentStateDelay: ({ context }) => context.settings?.currentStateDelayMs ?? 0,
  },
}).createMachine({
  id: 'inventory',
  options: { maxIterations: 1_000 },
  context: { settings: null, known: {}, reads: [], count: 0, initialId: '' },
  initial: 'idle',
  on: {
    CONFIGURE: { actions: 'configure' },
    READ: { guard: 'isConfigured', target: '.reading', actions: 'begin' },
    INVENTORY: [{ guard: 'isStale', actions: 'warnOfStale' }, { actions: 'keep' }],
    'runtime.restored': { guard: 'isBoot', actions: 'forgetTimestamps' },
  },
  states: {
    idle: {
      on: {
        INVENTORY: [
          { guard: 'isStale', actions: 'warnOfStale' },
          { guard: 'isReportedAtOnce', actions: ['keep', 'report'] },
          { guard: 'isSpontaneous', target: 'delaying', actions: 'keep' },
          { actions: 'keep' },
        ],
      },
    },
    delaying: {
      meta: { waitsFor: 'further changes, to be reported with the first', until: 'currentStateDelay' },
      after: { currentStateDelay: { target: 'idle', actions: 'report' } },
    },
    reading: {
      meta: { waitsFor: 'the agents to say what is there; each has its time', until: 'READ_OVER' },
      on: {
        READ: { actions: 'begin' },
        READ_OVER: { actions: 'giveUpOn' },
        HURRY: { actions: 'giveUpOnAll' },
        'runtime.restored': { guard: 'isBoot', actions: ['forgetTimestamps', 'waitAnew'] },
      },
      always: [
        { guard: 'isIdle', target: 'idle' },
        { guard: 'isReadOver', actions: 'reportReads' },
      ],
    },
  },
});

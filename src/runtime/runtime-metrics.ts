import type { RuntimeCounts } from './counts.js';
import type { Inspection } from './inspection/inspection.js';
import type { Metrics } from './metrics.js';
import { OVERLOAD_LEVELS, type Overload } from './overload.js';
import type { MailboxFigures } from './roster.js';
import type { ActorSystem } from './system.js';

/** Actors, mailboxes (MBX-6), restarts and the store, read when somebody collects: nothing is counted twice. */
export function measureRuntime(system: ActorSystem, metrics: Metrics, overload?: Overload): void {
  const gauge = (name: string, help: string, value: () => number): void => {
    metrics.gauge({ name, help, collect: (metric) => metric.set(value()) });
  };
  gauge('runtime_actors_live', 'Actors in memory.', () => system.liveCount);
  gauge('runtime_actors_parked', 'Actors that failed too often and wait for an operator.', () => system.parkedCount);
  gauge('runtime_outbox_size', 'Outputs that wait to be carried out.', () => system.outboxSize);
  gauge('runtime_dead_letters_total', 'Messages that nobody took, since the start.', () => system.deadLetters.total);
  metrics.counter({
    name: 'runtime_dead_letters_dropped_total',
    help: 'Dead letters that were deleted at their bound: what they held, acknowledged records among it, is lost.',
    collect: (tell) => tell({}, system.deadLetters.dropped),
  });
  gauge('runtime_unreadable_rows_total', 'Rows of the store that could not be read.', () => system.unreadableRows);
  gauge('runtime_store_bytes', 'Size of the store on disk.', () => system.commit.sizeBytes());
  gauge('runtime_store_degraded', '1 while nothing can be written.', () => (system.commit.degraded ? 1 : 0));
  gauge('runtime_store_batches_total', 'Transactions since the start.', () => system.commit.counts.batches);

  const byType = (name: string, help: string, field: Exclude<keyof RuntimeCounts, 'dropped'>): void => {
    metrics.gauge({
      name,
      help,
      labels: ['type'],
      collect: (metric) => {
        for (const [type, counts] of system.counts) metric.set({ type }, counts[field]);
      },
    });
  };
  byType('runtime_slices_total', 'Slices of work.', 'slices');
  byType('runtime_records_total', 'Actor records written.', 'records');
  byType('runtime_messages_refused_total', 'Messages of sources that found a full mailbox.', 'refused');
  metrics.gauge({
    name: 'runtime_messages_dropped_total',
    help: 'Messages that were not taken: by the policy of a full mailbox, by a full stored inbox, or overtaken by a stop.',
    labels: ['type', 'reason'],
    collect: (metric) => {
      for (const [type, { dropped }] of system.counts) {
        for (const [reason, count] of Object.entries(dropped)) metric.set({ type, reason }, count);
      }
    },
  });
  byType('runtime_failures_total', 'Failures of actors.', 'failures');
  byType('runtime_restarts_total', 'Restarts of actors.', 'restarts');
  byType('runtime_parked_total', 'Actors that were parked.', 'parked');
  byType('runtime_quarantined_total', 'Records that could not be read and were set aside.', 'quarantined');
  byType('runtime_passivated_total', 'Actors that left memory.', 'passivated');
  byType('runtime_slow_slices_total', 'Slices of more than a second.', 'slowSlices');

  const byMailbox = (name: string, help: string, value: (figures: MailboxFigures) => number): void => {
    metrics.gauge({
      name,
      help,
      labels: ['type'],
      collect: (metric) => {
        metric.reset();
        // It takes a walk over all actors in memory (MBX-5).
        if (overload?.sheds('metrics')) return;
        for (const [type, figures] of system.mailboxes()) metric.set({ type }, value(figures));
      },
    });
  };
  byMailbox(
    'runtime_mailbox_depth',
    'Messages that wait, stored and deferred ones included; absent under overload.',
    ({ depth }) => depth,
  );
  byMailbox(
    'runtime_mailbox_oldest_seconds',
    'How long the oldest of those waits; absent under overload.',
    ({ oldestAgeMs }) => oldestAgeMs / 1000,
  );
  if (!overload) return;
  gauge(
    'runtime_overload_level',
    'What is shed: 0 nothing, 1 inspection, 2 also details of metrics, 3 also unacked telemetry.',
    () => OVERLOAD_LEVELS.indexOf(overload.view.level),
  );
  gauge(
    'runtime_delay_seconds',
    'How long work waited for its turn when it was last looked at.',
    () => overload.view.delayMs / 1000,
  );
}

/** What viewers of live charts did not get. */
export function measureInspection(inspection: Inspection, metrics: Metrics): void {
  metrics.gauge({
    name: 'runtime_inspection_lost_total',
    help: 'Events that viewers of live charts did not get: they read too slowly (behind), or it was shed (overload).',
    labels: ['reason'],
    collect: (metric) => {
      metric.set({ reason: 'behind' }, inspection.dropped);
      metric.set({ reason: 'overload' }, inspection.shed);
    },
  });
}

import type { DispatcherName, TelemetrySettings } from '../../protocols/fleet-telemetry/server-settings.js';
import type { Metrics, Tally } from '../../runtime/index.js';

/** Label of topics that are no key of `records`: a vehicle must not be able to make up labels. */
export const UNMAPPED = 'unmapped';

/** What is counted of the records of one topic; each a series of its own (section 8.1). */
export interface TopicTallies {
  readonly records: Tally;
  readonly sizes: Tally;
  readonly dispatches: Tally;
  readonly signals: Tally;
  readonly unstored: Tally;
  readonly resent: Tally;
  /** Where a dispatcher is the source of its acknowledgements. */
  readonly reliable?: ReliableTallies;
  /** By the VINs that are tracked. */
  readonly signalsOf: ReadonlyMap<string, Tally>;
}

export interface ReliableTallies {
  readonly acks: Tally;
  readonly misses: Tally;
  /** `<dispatcher>_reliable_ack_total`, whether or not the connection is still there. */
  readonly confirmations: Tally;
}

export type CountedSettings = Pick<TelemetrySettings, 'records' | 'reliableAckSources' | 'trackedVins'>;

/**
 * Binds the series of each topic that may be a label, so that a record costs one look-up and some additions. The topics
 * are those of `records`, `unmapped`, and the empty one of messages that have none.
 */
export class TopicCounters {
  private readonly byTopic: ReadonlyMap<string, TopicTallies>;
  private readonly unmapped: TopicTallies;

  constructor(metrics: Metrics, settings: CountedSettings) {
    const bind = bindings(metrics, settings);
    this.unmapped = bind(UNMAPPED);
    const named = [...settings.records.keys(), ''].map((topic) => [topic, bind(topic)] as const);
    this.byTopic = new Map(named);
  }

  /** Of a topic by its name, and of all others together (FT-RL-5). */
  of(topic: string): TopicTallies {
    return this.byTopic.get(topic) ?? this.unmapped;
  }
}

function bindings(metrics: Metrics, settings: CountedSettings) {
  const { reliableAckSources, trackedVins, records: routes } = settings;
  const labels = ['record_type'] as const;
  const counter = (name: string, help: string) => metrics.tallies({ name, help, labels });
  const records = counter('record_total', 'Records accepted.');
  const sizes = counter('record_size_bytes_total', 'Payload bytes of the records accepted.');
  const dispatches = counter('dispatch_total', 'Records handed to the dispatchers of their topic.');
  const signals = metrics.tallies({
    name: 'signal_count',
    help: 'Signals (topic V) and alerts of the records accepted; only grows.',
    labels,
    type: 'gauge',
  });
  const vinSignals = metrics.tallies({
    name: 'vin_signal_count',
    help: 'The same of the vehicles in vins_signal_tracking_enabled; only grows.',
    labels: ['record_type', 'vin'],
    type: 'gauge',
  });
  const unstored = counter(
    'telemetry_unstored_total',
    'Records that the spool did not take. The vehicle sends them again, unless they are acknowledged on receipt.',
  );
  const resent = counter(
    'telemetry_resent_total',
    'Records that came again after their connection was lost; they are stored already and not delivered twice.',
  );
  const reliable = reliableBindings(metrics, new Set([...routes.values()].flat()));
  return (topic: string): TopicTallies => {
    const type = { record_type: topic };
    const source = reliableAckSources.get(topic);
    return {
      records: records.with(type),
      sizes: sizes.with(type),
      dispatches: dispatches.with(type),
      signals: signals.with(type),
      unstored: unstored.with(type),
      resent: resent.with(type),
      signalsOf: new Map([...trackedVins].map((vin) => [vin, vinSignals.with({ ...type, vin })])),
      ...(source ? { reliable: reliable(topic, source) } : {}),
    };
  };
}

/** `logger` is never the source of an acknowledgement (FT-ACK-5). */
function reliableBindings(metrics: Metrics, dispatchers: ReadonlySet<DispatcherName>) {
  const labels = ['record_type', 'dispatcher'] as const;
  const acks = metrics.tallies({
    name: 'reliable_ack',
    help: 'Acknowledgements after the confirmation of a dispatcher.',
    labels,
  });
  const misses = metrics.tallies({
    name: 'reliable_ack_miss',
    help: 'Confirmations whose connection was gone.',
    labels,
  });
  const confirmations = (name: DispatcherName) => {
    const help = `Records that ${name} confirmed as the reliable source of their topic.`;
    return metrics.tallies({ name: `${name}_reliable_ack_total`, help, labels: ['record_type'] });
  };
  for (const name of dispatchers) if (name !== 'logger') confirmations(name);
  return (topic: string, dispatcher: DispatcherName): ReliableTallies => ({
    acks: acks.with({ record_type: topic, dispatcher }),
    misses: misses.with({ record_type: topic, dispatcher }),
    confirmations: confirmations(dispatcher).with({ record_type: topic }),
  });
}

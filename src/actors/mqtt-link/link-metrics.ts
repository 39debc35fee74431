import { type Clock, type Logger, type Metrics, Refusals } from '../../runtime/index.js';

export interface LinkFigures {
  readonly isOnline: boolean;
  /** Messages stored and not taken yet. */
  readonly inbox: number;
  /** Publications that wait for the broker or its acknowledgement. */
  readonly unpublished: number;
}

/** Of a topic on a line. */
const LONGEST_TOPIC = 200;

type RefusalReason = 'unwanted' | 'too_large' | 'unreadable' | 'unpublishable' | 'given_up';

/** Counts what the links of a process carry. */
export class LinkMetrics {
  private readonly figures = new Map<string, () => LinkFigures>();
  private readonly publications;
  private readonly messages;
  private readonly redeliveries;
  private readonly silences;
  private readonly refusals: Refusals;

  constructor(deps: { readonly metrics: Metrics; readonly logger: Logger; readonly clock: Clock }) {
    const { metrics } = deps;
    const labels = ['link'] as const;
    const counter = (name: string, help: string) => metrics.counter({ name, help, labels });
    this.publications = counter('mqtt_link_published_total', 'Publications that a broker took.');
    this.messages = counter('mqtt_link_received_total', 'Messages of a broker that were stored for their actors.');
    this.redeliveries = counter('mqtt_link_redelivered_total', 'Messages that came again and were stored already.');
    this.silences = counter(
      'mqtt_link_unacknowledged_total',
      'Connections given up because the broker did not acknowledge a publication in time.',
    );
    this.refusals = new Refusals({ boundary: 'mqtt_link', ...deps });
    const gauge = (name: string, help: string, value: (figures: LinkFigures) => number): void => {
      metrics.gauge({
        name,
        help,
        labels,
        collect: (metric) => {
          for (const [link, figures] of this.figures) metric.set({ link }, value(figures()));
        },
      });
    };
    gauge('mqtt_link_connected', 'Whether the link has its broker.', ({ isOnline }) => Number(isOnline));
    gauge('mqtt_link_inbox_messages', 'Messages stored and not taken yet.', ({ inbox }) => inbox);
    gauge(
      'mqtt_link_unpublished',
      'Publications that wait for the broker or its acknowledgement, one an actor.',
      ({ unpublished }) => unpublished,
    );
  }

  add(link: string, figures: () => LinkFigures): void {
    this.figures.set(link, figures);
  }

  published(link: string): void {
    this.publications.inc({ link });
  }

  received(link: string): void {
    this.messages.inc({ link });
  }

  redelivered(link: string): void {
    this.redeliveries.inc({ link });
  }

  unacknowledged(link: string): void {
    this.silences.inc({ link });
  }

  refused(link: string, reason: RefusalReason, topic: string, detail?: string): void {
    const why = detail === undefined ? {} : { detail };
    this.refusals.refuse(link, reason, { topic: topic.slice(0, LONGEST_TOPIC), ...why });
  }
}

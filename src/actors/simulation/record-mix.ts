import { SimulationError } from './errors.js';

/** Topics that vehicles send. */
export const TOPICS = ['V', 'alerts', 'errors'] as const;

export type Topic = (typeof TOPICS)[number];

/** Share of each topic; they are taken in proportion and need not add up to 1. */
export type RecordMix = Readonly<Partial<Record<Topic, number>>>;

export const DEFAULT_MIX: RecordMix = { V: 0.9, alerts: 0.05, errors: 0.05 };

/** Reads `V=0.9,alerts=0.05,errors=0.05`. */
export function parseMix(text: string): RecordMix {
  const shares: Partial<Record<Topic, number>> = {};
  for (const part of text.split(',')) {
    const [, topic = '', number = ''] = /^\s*([^=\s]+)\s*=\s*(\d*\.?\d+)\s*$/.exec(part) ?? [];
    if (!isTopic(topic)) {
      throw new SimulationError(
        'SIMULATION_OPTION',
        `${JSON.stringify(part)} is no share of a record mix`,
        `write TOPIC=SHARE with a topic of ${TOPICS.join(', ')}, for instance V=0.9,alerts=0.1`,
      );
    }
    shares[topic] = Number(number);
  }
  checkMix(shares);
  return shares;
}

/** @throws SimulationError if nothing would be sent */
export function checkMix(mix: RecordMix): void {
  const shares = TOPICS.map((topic) => mix[topic] ?? 0);
  if (shares.every((share) => share >= 0) && shares.some((share) => share > 0)) return;
  throw new SimulationError('SIMULATION_OPTION', 'a record mix needs a share above 0 and none below', 'try V=1');
}

/** Draws topics in the proportions of a mix; `uniform` gives numbers in [0, 1). */
export function topicDrawer(mix: RecordMix): (uniform: () => number) => Topic {
  const present = TOPICS.filter((topic) => (mix[topic] ?? 0) > 0);
  const [first = 'V'] = present;
  if (present.length === 1) return () => first;
  const total = present.reduce((sum, topic) => sum + (mix[topic] ?? 0), 0);
  let sum = 0;
  const bounds = present.map((topic) => {
    sum += (mix[topic] ?? 0) / total;
    return sum;
  });
  return (uniform) => {
    const u = uniform();
    return present[bounds.findIndex((bound) => u < bound)] ?? first;
  };
}

function isTopic(text: string): text is Topic {
  return (TOPICS as readonly string[]).includes(text);
}

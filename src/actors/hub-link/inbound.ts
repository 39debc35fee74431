/** What the two brokers bring, as events for the chart; what is not the vehicle's own is refused. */
import {
  type CloudIdentity,
  downward,
  HONO,
  hubFilters,
  LOCAL_UPWARD,
  thingAnswer,
  upward,
} from '../../protocols/ditto/index.js';
import type { Refusals } from '../../runtime/index.js';
import type { Subscription, Tell } from '../mqtt-link/index.js';
import { HUB_LINK, type HubLinkEvent } from './events.js';
import { encodeEntry } from './outbox.js';

export const toHubLink = (event: HubLinkEvent): readonly Tell[] => [{ to: HUB_LINK, event }];

/** On the vehicle's broker; without a hub only the question which thing this is. */
export function localSubscriptions(
  identity: CloudIdentity,
  hasHub: boolean,
  refusals: Pick<Refusals, 'refuse'>,
): readonly Subscription[] {
  const answer = thingAnswer(identity);
  const asked: Subscription = {
    filter: HONO.thingRequest,
    qos: 1,
    read: () => toHubLink({ type: 'ASKED', answer }),
  };
  if (!hasHub) return [asked];
  const toHub = LOCAL_UPWARD.map(
    (filter): Subscription => ({
      filter,
      qos: 1,
      read: ({ topic: local, payload }) => {
        const topic = upward(identity, local);
        if (topic !== undefined) return toHubLink({ type: 'TO.HUB', entry: encodeEntry({ topic, payload }) });
        refusals.refuse(local, 'foreign_topic');
        return undefined;
      },
    }),
  );
  return [asked, ...toHub];
}

/** On the hub's broker. */
export function hubSubscriptions(identity: CloudIdentity, refusals: Pick<Refusals, 'refuse'>): readonly Subscription[] {
  return hubFilters(identity).map(
    (filter): Subscription => ({
      filter,
      qos: 1,
      read: ({ topic: remote, payload, retain }) => {
        // It comes with each subscription again, and is no command of now.
        if (retain) {
          refusals.refuse(remote, 'retained');
          return undefined;
        }
        const topic = downward(identity, remote);
        if (topic !== undefined) return toHubLink({ type: 'TO.VEHICLE', message: { topic, payload } });
        refusals.refuse(remote, 'foreign_topic');
        return undefined;
      },
    }),
  );
}

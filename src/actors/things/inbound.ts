/** What the broker brings, as events for the bridge (THG-3, THG-9, THG-13). */
import { COMMANDS, readDevice, readInbound } from '../../protocols/container-features/index.js';
import { HONO } from '../../protocols/ditto/index.js';
import type { Refusals } from '../../runtime/index.js';
import type { Subscription, Tell } from '../mqtt-link/index.js';
import { BRIDGE, type BridgeEvent } from './events.js';

const toBridge = (event: BridgeEvent): readonly Tell[] => [{ to: BRIDGE, event }];

/** The commands are subscribed when the bridge knows of which thing. */
export function thingsSubscriptions(refusals: Pick<Refusals, 'refuse'>): readonly Subscription[] {
  return [
    {
      filter: HONO.thingResponse,
      qos: 1,
      onDemand: false,
      read: ({ topic, payload }) => {
        const device = readDevice(payload);
        if (device.ok) return toBridge({ type: 'DEVICE.NAMED', device: device.value });
        refusals.refuse(topic, device.error.code, { detail: device.error.detail });
        return undefined;
      },
    },
    {
      filter: COMMANDS,
      qos: 1,
      onDemand: true,
      read: ({ topic, payload, retain = false }) => {
        // Carried out again at each connection, it would be no command of now.
        if (retain) {
          refusals.refuse(topic, 'retained');
          return undefined;
        }
        const inbound = readInbound(topic, payload);
        switch (inbound?.kind) {
          case 'request':
            return toBridge({ type: 'REQUEST', request: inbound.request });
          case 'refused': {
            const { thingId, detail, answer } = inbound;
            refusals.refuse(thingId, 'bad_request', { detail });
            return toBridge({ type: 'REQUEST.UNREADABLE', thingId, ...(answer ? { answer } : {}) });
          }
          case 'event':
            if (inbound.subject === 'errors-response') refusals.refuse(topic, 'twin_error', {});
            return toBridge({ type: 'TWIN.CHANGED' });
          default:
            return undefined;
        }
      },
    },
  ];
}

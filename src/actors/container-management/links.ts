import type { MqttLinkOptions } from '../mqtt-link/index.js';
import type { ManagementSettings } from './settings.js';

/** How a role of container management reaches its broker. */
export type ManagementLink = Omit<MqttLinkOptions, 'name' | 'subscriptions' | 'up' | 'down' | 'onUp'>;

/** The session is kept, so that commands wait while the agent is away (CUA-3). */
export function agentLink(settings: ManagementSettings): ManagementLink {
  return { ...linkOf(settings), clientId: `fleetchart-${settings.agent.domain}-agent`, clean: false };
}

/** Each connection asks who the device is anew (THG-5). */
export function thingsLink(settings: ManagementSettings): ManagementLink {
  return { ...linkOf(settings), clientId: `fleetchart-${settings.agent.domain}-things`, clean: true };
}

function linkOf({ connection }: ManagementSettings): Omit<ManagementLink, 'clientId' | 'clean'> {
  const { broker, keepAliveMs, username, password, connectTimeoutMs, caCert, cert, key } = connection;
  const { acknowledgeTimeoutMs, disconnectTimeoutMs } = connection;
  return {
    url: broker,
    keepAliveS: Math.max(1, Math.round(keepAliveMs / 1_000)),
    connectTimeoutMs,
    closeMs: disconnectTimeoutMs,
    ...(acknowledgeTimeoutMs > 0 ? { acknowledgeTimeoutMs } : {}),
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    tls: {
      ...(caCert === '' ? {} : { caFile: caCert }),
      ...(cert === '' ? {} : { certFile: cert }),
      ...(key === '' ? {} : { keyFile: key }),
    },
  };
}

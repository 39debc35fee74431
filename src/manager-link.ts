import type { MqttLinkOptions } from './actors/mqtt-link/index.js';
import type { ManagerSettings } from './actors/update-manager/index.js';

/** How a role reaches a broker of its own. */
export type RoleLink = Omit<MqttLinkOptions, 'name' | 'subscriptions' | 'up' | 'down' | 'onUp'>;

/**
 * The manager's session is kept under this name, so that feedback waits while it is away (UM-RES-1). It names the domain,
 * as two clients of one name on a broker throw each other out.
 */
const clientIdOf = (domain: string): string => `fleetchart-${domain}-manager`;

/** How the manager connects, by the keys of its own file (UM-CON-1, UM-CON-4, UM-CON-8). */
export function managerLink({ connection, domain }: Pick<ManagerSettings, 'connection' | 'domain'>): RoleLink {
  const { broker, keepAliveMs, username, password, connectTimeoutMs, caCert, cert, key } = connection;
  const { acknowledgeTimeoutMs, disconnectTimeoutMs } = connection;
  return {
    url: broker,
    clientId: clientIdOf(domain),
    clean: false,
    keepAliveS: Math.max(1, Math.round(keepAliveMs / 1_000)),
    connectTimeoutMs,
    closeMs: disconnectTimeoutMs,
    ...(acknowledgeTimeoutMs > 0 ? { acknowledgeTimeoutMs } : {}),
    backoff: { firstMs: 1_000, longestMs: 600_000 },
    ...(username === '' ? {} : { username }),
    ...(password === '' ? {} : { password }),
    tls: {
      ...(caCert === '' ? {} : { caFile: caCert }),
      ...(cert === '' ? {} : { certFile: cert }),
      ...(key === '' ? {} : { keyFile: key }),
    },
  };
}

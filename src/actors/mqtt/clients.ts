import { isHeardFromHub, isOwnAtHub } from '../../protocols/ditto/index.js';
import { type Authenticate, byCertificate, byPassword, type MqttIdentity } from './access.js';
import { isDeviceId, type MqttConfig } from './config.js';

/** Who the clients of the configured broker are; undefined where nobody is asked. */
export function authenticateBy({
  users,
  tls,
  tenantId,
  namespace,
}: Pick<MqttConfig['embedded'], 'users' | 'tls' | 'tenantId' | 'namespace'>): Authenticate | undefined {
  if (users.length === 0 && tls?.clientCaFile === undefined) return undefined;
  /** A vehicle reaches its own topics and no others (ARCHITECTURE, section 9). */
  const vehicle = (deviceId: string): MqttIdentity | undefined => {
    if (!isDeviceId(deviceId)) return undefined;
    const identity = { deviceId, tenantId, namespace };
    return {
      name: deviceId,
      permissions: {
        mayPublish: (topic) => isOwnAtHub(identity, topic),
        maySubscribe: (filter) => isHeardFromHub(identity, filter),
      },
    };
  };
  const identities = users.flatMap(({ name, role, password }) => {
    const identity = role === 'vehicle' ? vehicle(name) : { name };
    return identity ? [{ ...identity, password }] : [];
  });
  return byCertificate(vehicle, byPassword(identities));
}

import { authenticateBy, type Broker, createBroker, type MqttConfig } from './actors/mqtt/index.js';
import type { AssemblyDeps, Base } from './assembly.js';
import { brokerRefusals, measureBroker } from './broker-metrics.js';
import type { HubConfig } from './hub-config.js';
import { type Child, RepeatedFailures } from './runtime/index.js';

/** The broker of this process, measured and logged; its child comes before whatever dials it. */
export function embedBroker({ embedded }: HubConfig['mqtt'], { system, metrics, overload }: Base, deps: AssemblyDeps) {
  const { clock, logger } = deps;
  const { users, tls, enabled: _enabled, ...options } = embedded;
  const failures = new RepeatedFailures({ logger, clock, message: 'broker_failed', level: 'error' });
  const authenticate = authenticateBy(embedded);
  const broker: Broker = createBroker({
    ...options,
    ...(authenticate ? { authenticate } : {}),
    ...(tls ? { tls: tlsFiles(tls) } : {}),
    logger,
    store: system,
    shedsUnacked: () => overload.sheds('telemetry'),
    clock,
    onRefused: brokerRefusals({ metrics, logger, clock }),
    onFailed: (error) => failures.failed('broker', {}, error),
  });
  measureBroker(metrics, () => broker.stats());
  system.register(broker.type);
  const { address, input } = broker.actor;
  const stopEvent = (deadlineMs: number) => ({ type: 'broker.stop', deadlineMs });
  const startedIn = (state: string) => state === 'listening' || state === 'failed';
  const child: Child = system.child(address, { input, stopEvent, startedIn });
  return { broker, child };
}

const tlsFiles = ({ certFile, keyFile, clientCaFile }: NonNullable<MqttConfig['embedded']['tls']>) => ({
  certificate: certFile,
  key: keyFile,
  ...(clientCaFile === undefined ? {} : { clientAuthorities: [clientCaFile] }),
});

import {
  createFileDispatcher,
  createLoggerDispatcher,
  createMqttDispatcher,
  type Dispatcher,
  FILE_DEFAULTS,
} from './actors/dispatch/index.js';
import { telemetryFormats } from './actors/telemetry/index.js';
import { countPublications } from './dispatcher-metrics.js';
import type { DispatcherName, TelemetrySettings } from './protocols/fleet-telemetry/server-settings.js';
import { type Clock, FleetchartError, type Ids, type Logger, type Metrics } from './runtime/index.js';

export interface DestinationDeps {
  readonly settings: TelemetrySettings;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** A destination by the name it has in `records`. */
export function createDestination(name: DispatcherName, deps: DestinationDeps): Dispatcher {
  const { settings, dataDir, clock, logger } = deps;
  const formats = telemetryFormats(settings);
  const { dispatchers } = settings;
  switch (name) {
    case 'logger':
      return createLoggerDispatcher({
        formats,
        write: ({ level, message, fields }) => logger[level](fields, message),
      });
    case 'file':
      return createFileDispatcher({
        ...FILE_DEFAULTS,
        ...dispatchers.file,
        dataDirectory: dataDir,
        dispatcher: name,
        formats,
        clock,
      });
    case 'mqtt': {
      if (!dispatchers.mqtt) throw new FleetchartError('DISPATCH_UNCONFIGURED', 'expected MQTT to be configured');
      return createMqttDispatcher({
        ...dispatchers.mqtt,
        formats,
        clock,
        onPublished: countPublications(deps.metrics),
      });
    }
  }
}

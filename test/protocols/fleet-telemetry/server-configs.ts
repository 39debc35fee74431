import { resolveServerConfig, type ServerSurroundings } from '../../../src/protocols/fleet-telemetry/server-config.js';
import type { ServerConfigFinding } from '../../../src/protocols/fleet-telemetry/server-findings.js';
import type { ServerConfig, TelemetrySettings } from '../../../src/protocols/fleet-telemetry/server-settings.js';

/** The least that starts. */
export const plainConfig = {
  tls: { server_cert: 'hub.crt', server_key: 'hub.key', ca_file: 'ca.crt' },
  records: { V: ['logger'] },
} as const satisfies ServerConfig;

/** What {@link plainConfig} with `changes` comes to; throws if it is refused. */
export function settingsOf(changes: ServerConfig = {}, surroundings?: ServerSurroundings): TelemetrySettings {
  const result = resolveServerConfig({ ...plainConfig, ...changes }, surroundings);
  if (!result.ok) throw new Error(result.mistakes.map(({ message }) => message).join('\n'));
  return result.value;
}

export function mistakesOf(changes: ServerConfig, surroundings?: ServerSurroundings): readonly ServerConfigFinding[] {
  const result = resolveServerConfig({ ...plainConfig, ...changes }, surroundings);
  return result.ok ? [] : result.mistakes;
}

export function warningsOf(changes: ServerConfig): readonly ServerConfigFinding[] {
  return resolveServerConfig({ ...plainConfig, ...changes }).warnings;
}

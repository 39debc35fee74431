import type { Command } from 'commander';
import { explain, renderExplained } from '../config/explain.js';
import { countOf, type Mistake, renderMistake } from '../config/mistake.js';
import { redact } from '../config/redact.js';
import { renderReference } from '../config/reference.js';
import { nodeOf } from '../config/schema.js';
import { type Checked, checkHubConfig, explainServerConfig, type HubConfig, HubSchema } from '../hub-config.js';
import { checkPeerConfig, type Peer, peerOf } from '../peer-config.js';
import { checkVehicleConfig, looksLikeVehicle, VehicleSchema } from '../vehicle-config.js';
import { configInputOf } from './config-options.js';
import { CliError, exitCodes, QuietExit } from './exit-code.js';
import { missingPackages } from './missing-packages.js';
import { namedFileMistakes } from './named-files.js';
import { outputOf } from './output.js';
import { NO_TELEMETRY } from './ready-lines.js';
import { type ExplainedServer, renderServer } from './server-explanation.js';

export interface PeerOption {
  readonly peer?: Peer;
  readonly role?: 'hub' | 'vehicle';
}

const SCHEMAS = { hub: HubSchema, vehicle: VehicleSchema } as const;

/** Tells every mistake in a file. */
export async function checkFile(command: Command, file: string, options: PeerOption): Promise<void> {
  const output = outputOf(command);
  const { kind, checked } = check(command, file, options);
  const at = kind === 'hub' ? ['telemetry'] : [];
  const files = await namedFileMistakes(checked, at);
  const warnings = [
    ...checked.warnings,
    ...(kind === 'hub' ? withoutTelemetry(checked) : []),
    ...missingPackages(checked, at),
  ];
  const mistakes = [...checked.mistakes, ...files];
  const ok = mistakes.length === 0;
  const verdict = ok ? `${file}: a sound ${kind} configuration` : `${file}: ${countOf(mistakes.length, 'mistake')}`;
  const explained = kind === 'fleet-telemetry' ? explainedServer(command, checked) : undefined;
  const found = [...labelled('error', mistakes), ...labelled('warning', warnings), verdict].join('\n');
  const text = explained ? `${renderServer(explained)}\n\n${found}` : found;
  output.result(text, { ok, file, kind, mistakes, warnings, ...(explained ? { explanation: explained } : {}) });
  if (!ok) throw new QuietExit(exitCodes.wrongConfiguration);
}

/** Tells what a configuration comes to, and where each value is from. */
export function printConfig(command: Command, options: PeerOption & { config?: string }): void {
  const output = outputOf(command);
  const { kind, checked } = check(command, options.config, options);
  const { loaded, mistakes, warnings } = checked;
  const node = nodeOf(loaded.schema);
  output.result(renderExplained(loaded.value, node, loaded.sources), {
    kind,
    value: redact(loaded.value, node),
    values: explain(loaded.value, node, loaded.sources),
    mistakes,
    warnings,
  });
  for (const line of [...labelled('error', mistakes), ...labelled('warning', warnings)]) output.note(line);
  if (mistakes.length > 0) throw new QuietExit(exitCodes.wrongConfiguration);
}

/** Tells what the configuration of a role may hold. */
export function printSchema(command: Command, role: string, { format }: { format: string }): void {
  const schema = Object.hasOwn(SCHEMAS, role) ? SCHEMAS[role as keyof typeof SCHEMAS] : undefined;
  if (!schema) {
    throw new CliError(`no configuration is known for ${role}`, {
      code: 'CLI_USAGE',
      exitCode: exitCodes.wrongUsage,
      hint: `known: ${Object.keys(SCHEMAS).join(', ')}`,
    });
  }
  const json = { $schema: 'http://json-schema.org/draft-07/schema#', ...schema };
  const text = format === 'markdown' ? renderReference(nodeOf(schema)) : JSON.stringify(json, null, 2);
  outputOf(command).result(text, json);
}

/** A hub without it runs, and takes nothing of vehicles. */
function withoutTelemetry({ config }: Checked<unknown>): Mistake[] {
  const isWithout = config !== undefined && (config as HubConfig).telemetry === undefined;
  return isWithout ? [{ code: 'CONFIG_MISSING', pointer: '/telemetry', message: NO_TELEMETRY }] : [];
}

function check(
  command: Command,
  file: string | undefined,
  options: PeerOption,
): { kind: string; checked: Checked<unknown> } {
  const input = { ...configInputOf(command), file };
  const peer = options.peer ?? (file === undefined ? undefined : peerOf(file));
  if (peer !== undefined) return { kind: peer, checked: checkPeerConfig(peer, input) };
  const { role = file !== undefined && looksLikeVehicle(file) ? 'vehicle' : 'hub' } = options;
  if (role === 'vehicle') return { kind: role, checked: checkVehicleConfig(input) };
  return { kind: 'hub', checked: checkHubConfig(input) };
}

/** What a peer's file means here. */
function explainedServer(command: Command, checked: Checked<unknown>): ExplainedServer | undefined {
  const { loaded } = checked;
  const explanation = explainServerConfig(checked, configInputOf(command).environment ?? {});
  if (!explanation) return undefined;
  const values = explain(loaded.value, nodeOf(loaded.schema), loaded.sources);
  const defaults = values.filter(({ source }) => source === 'default');
  return { ...explanation, defaults: defaults.map(({ pointer, value }) => ({ pointer, value })) };
}

function labelled(label: string, mistakes: readonly Mistake[]): string[] {
  return mistakes.map((mistake) => `${label}: ${renderMistake(mistake)}`);
}

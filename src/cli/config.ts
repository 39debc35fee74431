import { type Command, Option } from 'commander';
import { explain, renderExplained } from '../config/explain.js';
import { countOf, type Mistake, renderMistake } from '../config/mistake.js';
import { redact } from '../config/redact.js';
import { renderReference } from '../config/reference.js';
import { nodeOf } from '../config/schema.js';
import { type Checked, checkHubConfig, checkServerConfig, HubSchema, looksLikeServerConfig } from '../hub-config.js';
import { groupCommand, leafCommand } from './command.js';
import { configInputOf, withConfigOptions, withSetOption } from './config-options.js';
import { CliError, exitCodes, QuietExit } from './exit-code.js';
import { outputOf } from './output.js';

/** `fleetchart config`: validate and explain configuration. */
export function configCommand(): Command {
  const group = groupCommand('config', {
    summary: 'Validate and explain configuration; secrets are redacted',
    example: 'fleetchart config check hub.yaml',
  });
  group.addCommand(checkCommand());
  group.addCommand(printCommand());
  group.addCommand(schemaCommand());
  return group;
}

interface PeerOption {
  readonly peer?: 'fleet-telemetry';
}

const peerOption = () =>
  new Option('--peer <name>', "the file is this peer's own; by default its keys decide").choices(['fleet-telemetry']);

function checkCommand(): Command {
  const command = withSetOption(
    leafCommand('check', {
      summary: 'Report every mistake in a configuration file at once',
      example: 'fleetchart config check /etc/fleet-telemetry/server_config.json',
    })
      .argument('<file>', "a hub's YAML or JSON file, or a peer's own")
      .addOption(peerOption()),
  );
  return command.action((file: string, options: PeerOption) => {
    const output = outputOf(command);
    const { kind, checked } = check(command, file, options);
    const { mistakes, warnings } = checked;
    const ok = mistakes.length === 0;
    const verdict = ok ? `${file}: a sound ${kind} configuration` : `${file}: ${countOf(mistakes.length, 'mistake')}`;
    const text = [...labelled('error', mistakes), ...labelled('warning', warnings), verdict].join('\n');
    output.result(text, { ok, file, kind, mistakes, warnings });
    if (!ok) throw new QuietExit(exitCodes.wrongConfiguration);
  });
}

function printCommand(): Command {
  const command = withConfigOptions(
    leafCommand('print', {
      summary: 'Print the effective configuration and where each value comes from',
      example: 'fleetchart config print --config hub.yaml --set http.port=9000',
    }).addOption(peerOption()),
    { data: false },
  );
  return command.action((options: PeerOption & { config?: string }) => {
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
  });
}

function schemaCommand(): Command {
  const command = leafCommand('schema', {
    summary: 'Print what a configuration may hold: JSON Schema for editors, or a table',
    example: 'fleetchart config schema hub > hub.schema.json',
    reports: false,
  })
    .argument('<role>', 'hub')
    .addOption(new Option('--format <format>', 'json or markdown').choices(['json', 'markdown']).default('json'));
  return command.action((role: string, { format }: { format: string }) => {
    if (role !== 'hub') {
      const hint = 'known: hub';
      throw new CliError(`no configuration is known for ${role}`, {
        code: 'CLI_USAGE',
        exitCode: exitCodes.wrongUsage,
        hint,
      });
    }
    const json = { $schema: 'http://json-schema.org/draft-07/schema#', ...HubSchema };
    const text = format === 'markdown' ? renderReference(nodeOf(HubSchema)) : JSON.stringify(json, null, 2);
    outputOf(command).result(text, json);
  });
}

function check(
  command: Command,
  file: string | undefined,
  options: PeerOption,
): { kind: string; checked: Checked<unknown> } {
  const input = { ...configInputOf(command), file };
  const isPeer = options.peer !== undefined || (file !== undefined && looksLikeServerConfig(file));
  if (isPeer) return { kind: 'fleet-telemetry', checked: checkServerConfig(input) };
  return { kind: 'hub', checked: checkHubConfig(input) };
}

function labelled(label: string, mistakes: readonly Mistake[]): string[] {
  return mistakes.map((mistake) => `${label}: ${renderMistake(mistake)}`);
}

import type { Command } from 'commander';
import { type ApiOptions, openStream, untilClosed, withApiOptions } from './api-client.js';
import { leafCommand } from './command.js';
import { outputOf } from './output.js';
import { positive } from './quantities.js';

interface InspectOptions extends ApiOptions {
  readonly watch: readonly string[];
  readonly stately?: boolean;
  readonly duration?: number;
}

/** `fleetchart inspect`: live statecharts of a running process, in the terminal or the Stately inspector. */
export function inspectCommand(): Command {
  const command = withApiOptions(
    leafCommand('inspect', {
      summary: 'Watch live statecharts: here, in the console page, or in the Stately inspector',
      example: "fleetchart inspect --watch 'dispatcher/*'",
    })
      .option('--watch <pattern...>', 'addresses, with * for any part', ['*'])
      .option('--stately', 'serve a page on loopback that feeds the hosted Stately inspector (needs the Internet)')
      .option('--duration <seconds>', 'end by itself', positive),
  );
  return command.action(async (options: InspectOptions) => {
    const output = outputOf(command);
    const query = options.watch.map((pattern): [string, string] => ['watch', pattern]);
    const bridge = options.stately ? await (await import('./stately-bridge.js')).serveStatelyBridge() : undefined;
    const show = (text: string): void => {
      const line = output.json ? text : lineOf(JSON.parse(text) as InspectedEvent);
      if (line !== undefined) output.terminal.out(`${line}\n`);
    };
    const socket = await openStream(options, '/api/v1/inspect', query, bridge ? bridge.pass : show);
    output.note(`charts in the browser: ${new URL('/#/actors', options.url).href}`);
    if (bridge) output.note(`Stately inspector: ${bridge.url}`);
    await untilClosed(socket, options.duration === undefined ? undefined : options.duration * 1000);
    await bridge?.close();
  });
}

interface InspectedEvent {
  readonly type: string;
  readonly address: string;
  readonly lost?: number;
  readonly isShedding?: boolean;
  readonly event?: { readonly type: string };
  readonly snapshot?: { readonly value: unknown; readonly status: string };
}

/** What is worth a line: an actor that is there, what moved it where, and what was not shown. */
function lineOf({ type, address, event, snapshot, lost, isShedding }: InspectedEvent): string | undefined {
  if (type === '@xstate.actor') return `${address} is ${JSON.stringify(snapshot?.value)}`;
  if (type === '@xstate.snapshot') return `${address} ${event?.type ?? ''} → ${JSON.stringify(snapshot?.value)}`;
  if (type === 'fleetchart.lost')
    return `${lost} events lost${isShedding ? '; paused: the process is overloaded' : ''}`;
  return undefined;
}

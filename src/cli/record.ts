import { rmSync } from 'node:fs';
import type { Command } from 'commander';
import { type ApiOptions, isActor, openStream, untilClosed, withApiOptions } from './api-client.js';
import { leafCommand } from './command.js';
import { CliError, exitCodes } from './exit-code.js';
import { FixtureFile } from './fixture-file.js';
import { outputOf } from './output.js';
import { positive } from './quantities.js';

/** What a replay feeds to the machines; the state that a recording begins with is one of them. */
const INPUT = /^\{"kind":"(start|restore|event|hot)"/;
const STATE_BEFORE = /^\{"kind":"restore"/;

const LIST = "`fleetchart inspect --watch '*' --duration 1` lists the actors that run";

/** `fleetchart record`: what chosen actors of a running process take and give, as a fixture. */
export function recordCommand(): Command {
  const command = withApiOptions(
    leafCommand('record', {
      summary: 'Record inputs and outputs of running actors as a fixture, until Ctrl-C',
      example: 'fleetchart record dispatcher/file --out dispatcher.jsonl --duration 10',
    })
      .argument('<address...>', 'actors, type/key')
      .requiredOption('--out <path>', 'the fixture to write')
      .option('--duration <seconds>', 'end by itself', positive),
  );
  return command.action(async (addresses: string[], options: ApiOptions & { out: string; duration?: number }) => {
    const output = outputOf(command);
    for (const address of addresses) checkAddress(address);
    const file = await FixtureFile.create(options.out);
    const progress = output.progress();
    let lines = 0;
    let inputs = 0;
    let states = 0;
    const query = addresses.map((address): [string, string] => ['address', address]);
    try {
      for (const address of addresses) {
        if (await isActor(options, address)) continue;
        output.note(`there is no actor ${address} now; it is recorded from its start, should it come. ${LIST}`);
      }
      const socket = await openStream(options, '/api/v1/record', query, (line, source) => {
        file.write(line, source);
        if (INPUT.test(line)) inputs++;
        if (STATE_BEFORE.test(line)) states++;
        progress.update(`${++lines} lines, Ctrl-C ends`);
      });
      await untilClosed(socket, options.duration === undefined ? undefined : options.duration * 1000);
    } finally {
      progress.done();
      await file.close();
      if (inputs === 0) rmSync(options.out);
    }
    if (inputs === 0) throw new CliError(`nothing was recorded of ${addresses.join(', ')}`, { hint: LIST });
    if (inputs === states) {
      output.note(`nothing happened to ${addresses.join(', ')} meanwhile: this holds no more than their state`);
    }
    const next = `replay it: fleetchart replay ${options.out}`;
    output.result(`${lines} lines in ${options.out}\n${next}`, { file: options.out, lines });
  });
}

/** What has a pattern in it would be waited for in vain. */
function checkAddress(address: string): void {
  if (/^[a-z][a-z0-9-]*\/[^*]+$/.test(address)) return;
  const options = { code: 'CLI_USAGE', exitCode: exitCodes.wrongUsage, hint: LIST };
  throw new CliError(`${address} is no address of an actor: type/key, without patterns`, options);
}

import { CliError, exitCodes } from './exit-code.js';

const HINT = 'give it with --password-stdin or --password-file FILE';
const ENTER = new Set(['\r', '\n', '\u0004']);
const ERASE = new Set(['\u007f', '\b']);
const INTERRUPT = '\u0003';
/** A password is a line of text. */
const MOST_BYTES = 64 * 1024;

/** What a person types, shown nowhere. */
export function askSecret(question: string): Promise<string> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY) {
    throw new CliError('there is nobody to ask for the password', { exitCode: exitCodes.wrongUsage, hint: HINT });
  }
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.resume();
  return new Promise((resolve, reject) => {
    let text = '';
    const end = (): void => {
      stdin.off('data', take);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
    };
    const take = (chunk: string): void => {
      for (const character of chunk) {
        if (ENTER.has(character)) {
          end();
          resolve(text);
          return;
        }
        if (character === INTERRUPT) {
          end();
          reject(new CliError('nothing was changed'));
          return;
        }
        text = ERASE.has(character) ? text.slice(0, -1) : text + character;
      }
    };
    stdin.on('data', take);
  });
}

/** All of standard input. */
export async function wholeInput(): Promise<string> {
  let text = '';
  process.stdin.setEncoding('utf8');
  for await (const chunk of process.stdin) {
    text += chunk;
    if (text.length > MOST_BYTES) throw new CliError('standard input is no password: too large');
  }
  return text;
}

import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { ImageError } from './errors.js';

export interface NotationOptions {
  /** Its `NOTATION_CONFIG`. @default its own */
  readonly configDir?: string;
  /** Its `NOTATION_LIBEXEC`. @default its own */
  readonly libexecDir?: string;
  /** Of this process: `PATH`, `HOME` … */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface VerifyRequest {
  readonly image: string;
  readonly credentials?: { readonly user: string; readonly password: string };
  readonly insecure?: boolean;
}

const PROGRAM = 'notation';
const MOST_SIGNATURES = 50;
const LONGEST_TEXT = 1_024;
const LONGEST_OUTPUT = 64 * 1024;
/** What it gets of this process's environment. */
const PASSED =
  'PATH HOME XDG_CONFIG_HOME XDG_CACHE_HOME HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy';
const DIGEST = /@(sha256:[0-9a-f]{64})\b/;

/** Asks the `notation` program whether an image is signed by somebody who is trusted (REG-6). */
export class Notation {
  constructor(private readonly options: NotationOptions) {}

  /** @throws ImageError `IMAGE_VERIFIER` if there is no such program: nothing is ever taken for verified without it */
  async check(): Promise<void> {
    const places = (this.options.environment['PATH'] ?? '').split(delimiter).filter((place) => place !== '');
    for (const place of places) {
      const path = join(place, PROGRAM);
      const isProgram = await access(path, constants.X_OK).then(
        async () => (await stat(path)).isFile(),
        () => false,
      );
      if (isProgram) return;
    }
    throw new ImageError(
      'IMAGE_VERIFIER',
      'image_verifier_type is notation, and there is no program notation on PATH: install it, or set the type to none',
    );
  }

  /**
   * @returns the digest that it verified, if it names one
   * @throws ImageError `IMAGE_UNVERIFIED` with its own words
   */
  async verify({ image, credentials, insecure }: VerifyRequest, signal: AbortSignal): Promise<string | undefined> {
    await this.check();
    const flags = ['--max-signatures', String(MOST_SIGNATURES), ...(insecure ? ['--insecure-registry'] : [])];
    const { code, stdout, stderr } = await this.run(['verify', ...flags, '--', image], credentials, signal);
    if (code === 0) return DIGEST.exec(stdout)?.[1];
    const said = (stderr.trim() || stdout.trim()).slice(0, LONGEST_TEXT);
    throw new ImageError('IMAGE_UNVERIFIED', said || `${image} cannot be verified: notation ended with ${code}`);
  }

  private run(
    parameters: readonly string[],
    credentials: VerifyRequest['credentials'],
    signal: AbortSignal,
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn(PROGRAM, parameters, {
        env: this.environment(credentials),
        stdio: ['ignore', 'pipe', 'pipe'],
        signal,
        killSignal: 'SIGKILL',
      });
      const texts = { stdout: '', stderr: '' };
      for (const name of ['stdout', 'stderr'] as const) {
        child[name].setEncoding('utf8').on('data', (text: string) => {
          texts[name] = (texts[name] + text).slice(0, LONGEST_OUTPUT);
        });
      }
      child.once('error', (cause) => {
        const error = new ImageError('IMAGE_VERIFIER', `notation cannot be run: ${cause.message}`, { cause });
        reject(signal.aborted ? signal.reason : error);
      });
      child.once('close', (code) => resolve({ code: code ?? -1, ...texts }));
    });
  }

  /** What it needs, and nothing of what else this process may know; a password in a command line all could read. */
  private environment(credentials: VerifyRequest['credentials']): Record<string, string> {
    const { configDir, libexecDir, environment } = this.options;
    const env: Record<string, string> = {};
    for (const name of PASSED.split(' ')) {
      const value = environment[name];
      if (value !== undefined) env[name] = value;
    }
    if (configDir) env['NOTATION_CONFIG'] = configDir;
    if (libexecDir) env['NOTATION_LIBEXEC'] = libexecDir;
    if (credentials) {
      env['NOTATION_USERNAME'] = credentials.user;
      env['NOTATION_PASSWORD'] = credentials.password;
    }
    return env;
  }
}

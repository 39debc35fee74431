/** Credentials held against a registry itself: engines do not check them for registries without TLS (POD-26). */
import type { Clock } from '../../runtime/index.js';
import type { Registry } from '../engines/index.js';
import { type Check, ok, problem, skipped, warning } from './check.js';

const ANSWER_MS = 10_000;
const CHALLENGE = /^(\w+)\s+(.*)$/s;

/** Whether it answers, and takes what is configured for it. */
export async function checkRegistry(
  host: string,
  registry: Registry,
  isInsecure: boolean,
  clock: Clock,
): Promise<Check> {
  const id = 'registry';
  const { credentials, transport } = registry;
  if (transport) return skipped(id, `${host} has certificates of its own, which only the engine uses`);
  const basic = credentials && `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`;
  const who = credentials ? `as ${credentials.user}` : 'without a password';
  const scheme = isInsecure ? 'http' : 'https';
  const next = 'set its user and password anew: fleetchart provision registry add HOST --username USER';
  try {
    const url = `${scheme}://${host}/v2/`;
    const bare = await get(url, undefined, clock);
    if (bare.ok) return ok(id, `${host} answers, and asks for no password`);
    if (bare.status !== 401) return warning(id, `${host} answers HTTP ${bare.status}, which is no registry's answer`);
    if (basic === undefined) return warning(id, `${host} asks for a password, and none is set`, { next });
    const [, kind = '', parameters = ''] = CHALLENGE.exec(bare.headers.get('www-authenticate') ?? '') ?? [];
    const answer = /^bearer$/i.test(kind)
      ? await get(tokenUrl(parameters, credentials?.user ?? ''), basic, clock)
      : await get(url, basic, clock);
    if (answer.ok) return ok(id, `${host} lets this vehicle in ${who}`);
    return problem(id, `${host} does not let this vehicle in ${who}: HTTP ${answer.status}`, { next });
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { code?: string } };
    return problem(id, `${host} does not answer ${scheme}: ${cause?.code ?? message}`, {
      next: isInsecure
        ? 'check its name and port, and the network'
        : 'check its name and port; one without TLS has to be named in insecure_registries',
    });
  }
}

/** Where a token is to be had; the distribution protocol's way. */
function tokenUrl(parameters: string, account: string): string {
  const of = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(parameters)?.[1] ?? '';
  const url = new URL(of('realm'));
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new Error('it names no place for tokens');
  url.searchParams.set('service', of('service'));
  url.searchParams.set('account', account);
  return url.href;
}

async function get(url: string, authorization: string | undefined, clock: Clock): Promise<Response> {
  const late = new AbortController();
  const timer = clock.setTimeout(() => late.abort(new Error(`no answer within ${ANSWER_MS / 1_000} s`)), ANSWER_MS);
  try {
    const headers = authorization === undefined ? {} : { authorization };
    const response = await fetch(url, { headers, signal: late.signal, redirect: 'error' });
    await response.body?.cancel();
    return response;
  } finally {
    clock.clearTimeout(timer);
  }
}

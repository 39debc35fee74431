/** What the TLS port says to an HTTP request (section 1.2). */
export type HttpAnswer =
  | { readonly kind: 'upgrade' }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    };

export interface HttpRequestFacts {
  readonly method: string;
  /** Request target: path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

const PLAIN = { 'content-type': 'text/plain; charset=utf-8' };
const KEY_LENGTH = 16;

/** Decides about a request; the path of an upgrade is of no meaning. */
export function answerRequest({ method, target, headers }: HttpRequestFacts): HttpAnswer {
  const path = target.split('?', 1)[0] ?? '/';
  const canonical = canonicalPath(path);
  if (canonical !== path) {
    const query = target.slice(path.length);
    return { kind: 'answer', status: 301, headers: { location: canonical + query }, body: '' };
  }
  if (path === '/status') return { kind: 'answer', status: 200, headers: PLAIN, body: 'mtls ok' };
  if (!isUpgrade(headers)) return refusal(400, 'Bad Request\n');
  if (method !== 'GET') return refusal(405, 'Method Not Allowed\n');
  if (headers['sec-websocket-version'] !== '13' || !hasKey(headers['sec-websocket-key'])) {
    return refusal(400, 'Bad Request\n');
  }
  return { kind: 'upgrade' };
}

const refusal = (status: number, body: string): HttpAnswer => ({
  kind: 'answer',
  status,
  headers: { ...PLAIN, 'sec-websocket-version': '13', 'x-content-type-options': 'nosniff' },
  body,
});

function isUpgrade(headers: HttpRequestFacts['headers']): boolean {
  return hasToken(headers['connection'], 'upgrade') && hasToken(headers['upgrade'], 'websocket');
}

function hasToken(header: string | readonly string[] | undefined, token: string): boolean {
  if (header === undefined) return false;
  const text = typeof header === 'string' ? header : header.join(',');
  return text.split(',').some((part) => part.trim().toLowerCase() === token);
}

function hasKey(header: string | readonly string[] | undefined): boolean {
  return typeof header === 'string' && Buffer.from(header, 'base64').length === KEY_LENGTH;
}

/** The path with empty, `.` and `..` segments resolved; a final slash stays. */
function canonicalPath(path: string): string {
  if (!path.startsWith('/')) return '/';
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  segments.forEach((segment, index) => {
    const isLast = index === segments.length - 1;
    if (segment === '..') kept.pop();
    else if (segment !== '.' && (segment !== '' || isLast)) kept.push(segment);
    if (isLast && (segment === '.' || segment === '..')) kept.push('');
  });
  return `/${kept.join('/')}`;
}

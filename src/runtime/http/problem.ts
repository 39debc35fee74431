import { STATUS_CODES } from 'node:http';
import type { FastifyError } from 'fastify';
import { FleetchartError } from '../errors.js';

/** `HTTP_*`: a request that the HTTP boundary refuses, or a listener that cannot be opened. */
export class HttpError extends FleetchartError {}

/** One thing that is wrong with a request. */
export interface ProblemDetail {
  /** JSON pointer into the part of the request that `in` names. */
  readonly pointer: string;
  readonly in: 'body' | 'query' | 'path' | 'headers';
  readonly detail: string;
}

/** RFC 9457, with the code that a program looks at and, for a request that does not validate, all that is wrong with it. */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly ProblemDetail[];
  /** Under which the log has more, when the fault is ours. */
  readonly requestId?: string;
}

export const PROBLEM_TYPE = 'application/problem+json';

/** What a status is when the code says it alone. */
const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  HTTP_BODY_TOO_LARGE: 413,
  HTTP_HANDLER_TIMEOUT: 503,
  HTTP_HEADERS_TOO_LARGE: 431,
  HTTP_HOST_REFUSED: 421,
  HTTP_INTERNAL: 500,
  HTTP_MALFORMED: 400,
  HTTP_MEDIA_TYPE: 415,
  HTTP_ORIGIN_REFUSED: 403,
  HTTP_REQUEST_TIMEOUT: 408,
  HTTP_TOO_MANY_WEBSOCKETS: 503,
  HTTP_STOPPING: 503,
  HTTP_UPGRADE_REQUIRED: 426,
  HTTP_URI_TOO_LONG: 414,
};

/** What a status is by how the code ends; an area's codes (`TWIN_VERSION_CONFLICT`) need no entry of their own. */
const STATUS_BY_ENDING: ReadonlyArray<readonly [ending: string, status: number]> = [
  ['_UNAUTHENTICATED', 401],
  ['_FORBIDDEN', 403],
  ['_NOT_FOUND', 404],
  ['_UNKNOWN', 404],
  ['_CONFLICT', 409],
  ['_EXISTS', 409],
  ['_GONE', 410],
  ['_TOO_LARGE', 413],
  ['_TOO_LONG', 400],
  ['_INVALID', 400],
  ['_UNSUPPORTED', 501],
  ['_BUSY', 503],
  ['_CANCELLED', 503],
  ['_FULL', 503],
  ['_QUOTA', 503],
  ['_DEGRADED', 503],
  ['_UNAVAILABLE', 503],
  ['_NO_ANSWER', 504],
  ['_TIMEOUT', 504],
];

/** What Fastify's own errors are called here. */
const CODE_BY_STATUS: Readonly<Record<number, string>> = {
  404: 'HTTP_NOT_FOUND',
  408: 'HTTP_REQUEST_TIMEOUT',
  413: 'HTTP_BODY_TOO_LARGE',
  414: 'HTTP_URI_TOO_LONG',
  415: 'HTTP_MEDIA_TYPE',
};

const MOST_DETAILS = 100;

/** Seconds after which a 503 is worth another try. */
export const RETRY_AFTER_S = 5;

/** The status that a code is answered with, if it is a refusal that the caller may be told of. */
export function statusOf(code: string): number | undefined {
  return STATUS_BY_CODE[code] ?? STATUS_BY_ENDING.find(([ending]) => code.endsWith(ending))?.[1];
}

/** The short form of a code in counters and logs: `HTTP_ORIGIN_REFUSED` is `origin_refused`. */
export function reasonOf(error: { readonly code: string }): string {
  return error.code.replace(/^HTTP_/, '').toLowerCase();
}

export function problem(
  code: string,
  detail: string,
  more: Partial<Pick<Problem, 'errors' | 'requestId'>> = {},
): Problem {
  return build(statusOf(code) ?? 500, code, detail, more);
}

function build(status: number, code: string, detail: string, more: Partial<Problem> = {}): Problem {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, code, detail, ...more };
}

/**
 * What is answered for an error. A {@link FleetchartError} with a known code is told as it is, and so is what the
 * request itself got wrong; of anything else the caller learns nothing but the id to look for in the log.
 */
export function problemOf(error: unknown, requestId: string): Problem {
  if (error instanceof FleetchartError) {
    if (statusOf(error.code) !== undefined) return problem(error.code, error.message);
    if (error.retryable) return build(503, error.code, error.message);
    return { ...internal(requestId), code: error.code };
  }
  const fastify = error as Partial<FastifyError>;
  if (fastify?.validation) return invalid(fastify as FastifyError);
  if (fastify?.code === 'FST_ERR_HANDLER_TIMEOUT') {
    return problem('HTTP_HANDLER_TIMEOUT', 'the request took too long and was given up');
  }
  const status = fastify?.statusCode;
  if (error instanceof Error && status !== undefined && status >= 400 && status < 500) {
    return problem(CODE_BY_STATUS[status] ?? 'HTTP_MALFORMED', error.message);
  }
  return internal(requestId);
}

function internal(requestId: string): Problem {
  return problem('HTTP_INTERNAL', 'the request failed for a reason that the log has under its id', { requestId });
}

const PARTS: Readonly<Record<string, ProblemDetail['in']>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'headers',
};

function invalid({ validation = [], validationContext = 'body' }: FastifyError): Problem {
  const errors = validation.slice(0, MOST_DETAILS).map(({ instancePath, message, keyword, params }) => ({
    in: PARTS[validationContext] ?? 'body',
    pointer: instancePath + memberOf(keyword, params),
    detail: describe(keyword, message, params),
  }));
  const part = PARTS[validationContext] ?? 'body';
  return problem('HTTP_INVALID', `the request's ${part} is not valid`, { errors });
}

/** A member that is missing or too many is pointed at itself, not at what holds it. */
function memberOf(keyword: string, params: Record<string, unknown>): string {
  const name = keyword === 'required' ? params['missingProperty'] : params['additionalProperty'];
  return typeof name === 'string' ? `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}` : '';
}

function describe(keyword: string, message = 'is not valid', params: Record<string, unknown>): string {
  if (keyword === 'required') return 'is missing';
  if (keyword === 'additionalProperties') return 'is not known here';
  const allowed = params['allowedValues'];
  return Array.isArray(allowed) ? `${message}: ${allowed.join(', ')}` : message;
}

/**
 * How requests of the client library travel: HTTP/1.1, which every endpoint speaks. The library's own way for this service
 * is HTTP/2, which only Amazon's do.
 */
import { Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import type { KinesisClientConfig } from '@aws-sdk/client-kinesis';

type RequestHandler = Extract<KinesisClientConfig['requestHandler'], { handle: unknown }>;
type HttpRequest = Parameters<RequestHandler['handle']>[0];
type HttpOptions = NonNullable<Parameters<RequestHandler['handle']>[1]>;
type HttpAnswer = Awaited<ReturnType<RequestHandler['handle']>>;

/** @param silenceMs After so long without a byte a request is given up. */
export function createHttpHandler(silenceMs: number): RequestHandler {
  const agents = { plain: new PlainAgent({ keepAlive: true }), tls: new TlsAgent({ keepAlive: true }) };
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: (request: HttpRequest, options?: HttpOptions) => exchange(request, options, agents, silenceMs),
    destroy: () => {
      agents.plain.destroy();
      agents.tls.destroy();
    },
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
  };
}

function exchange(
  request: HttpRequest,
  options: HttpOptions = {},
  agents: { readonly plain: PlainAgent; readonly tls: TlsAgent },
  silenceMs: number,
): Promise<HttpAnswer> {
  const { protocol, hostname, port, method, headers, body } = request;
  const abortSignal = options.abortSignal as AbortSignal | undefined;
  const isPlain = protocol === 'http:';
  return new Promise((resolve, reject) => {
    const outgoing = (isPlain ? plainRequest : tlsRequest)({
      agent: isPlain ? agents.plain : agents.tls,
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      ...(port === undefined ? {} : { port }),
      method,
      path: pathOf(request),
      headers,
      timeout: silenceMs,
    });
    const end = (name: string, message: string): void =>
      void outgoing.destroy(Object.assign(new Error(message), { name }));
    const abort = (): void => end('AbortError', 'given up');
    outgoing.on('timeout', () => end('TimeoutError', `no answer within ${silenceMs} ms`));
    outgoing.on('error', reject);
    outgoing.on('close', () => abortSignal?.removeEventListener('abort', abort));
    outgoing.on('response', (response) => {
      const received = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
      resolve({
        response: {
          statusCode: response.statusCode ?? 0,
          reason: response.statusMessage ?? '',
          headers: Object.fromEntries(received) as Record<string, string>,
          body: response,
        },
      });
    });
    abortSignal?.addEventListener('abort', abort);
    if (abortSignal?.aborted) abort();
    else outgoing.end(body);
  });
}

function pathOf({ path, query = {} }: HttpRequest): string {
  const parameters = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? '']).map((each) => [name, each] as [string, string]),
  );
  return parameters.length === 0 ? path : `${path}?${new URLSearchParams(parameters)}`;
}

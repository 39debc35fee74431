import { createServer as createPlain, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { createAuthority, issueServerCertificate } from '../../src/actors/provisioning/index.js';

export type Answering = (request: IncomingMessage, response: ServerResponse) => void;

/** A server of bundles that answers as the test says, over TLS with a certificate of its own authority. */
export class BundleServer {
  readonly requests: Array<{ readonly path: string; readonly range: string | undefined }> = [];

  private constructor(
    /** Without the path. */
    readonly origin: string,
    readonly authorityPem: string,
  ) {}

  static async start(t: TestContext, answer: Answering, { isSecure = true } = {}): Promise<BundleServer> {
    const authority = await createAuthority({ commonName: 'Bundle CA' });
    const { chainPem, keyPem } = await issueServerCertificate(authority, { names: ['localhost'] });
    const take: Answering = (request, response) => {
      started.requests.push({ path: request.url ?? '', range: request.headers.range });
      response.on('error', () => {});
      answer(request, response);
    };
    const server = isSecure ? createServer({ cert: chainPem, key: keyPem }, take) : createPlain(take);
    server.on('tlsClientError', () => {});
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const started = new BundleServer(`${isSecure ? 'https' : 'http'}://localhost:${port}`, authority.certificatePem);
    return started;
  }
}

/** Answers as a good file server does, ranges included. */
export function serves(content: Buffer, etag = '"one"'): Answering {
  return (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const isRest = from > 0 && request.headers['if-range'] === etag;
    const body = isRest ? content.subarray(from) : content;
    const range = { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` };
    response.writeHead(isRest ? 206 : 200, { etag, 'content-length': body.length, ...(isRest ? range : {}) });
    response.end(body);
  };
}

/** Sends the first bytes of a good answer and cuts the connection. */
export function cutsAfter(bytes: number, content: Buffer, etag = '"one"'): Answering {
  return (_request, response) => {
    response.writeHead(200, { etag, 'content-length': content.length });
    response.write(content.subarray(0, bytes), () => response.destroy());
  };
}
